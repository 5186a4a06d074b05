import { setTimeout as wait } from 'node:timers/promises'
import { connectAsync, type MqttClient } from 'mqtt'
import type { OpcuaServer } from '../support/opcua-server.ts'

/** ms between two values of a signal by the clock, and in event time: that runs five times as fast. */
const beat = 100
export const step = 500
/** Each so many values a message that cannot be read, and an image of a part. */
const badEvery = 25
const imageEvery = 15
const pumps = ['line1/pump1', 'line1/pump2', 'line1/pump3'] as const
const roles = ['vibration', 'temperature', 'current'] as const
/** Its level is beyond the limit all the while, so that its alarm stays. */
export const pressTag = 'line1/press1/level'
/** Values that come by OPC UA. */
export const plcTags = ['line2/mixer1/speed', 'line2/mixer1/torque'] as const

/** The tags whose values go over the broker. */
export const tags: readonly string[] = [...pumps.flatMap((pump) => roles.map((role) => `${pump}/${role}`)), pressTag]

/** The value of number `n` of a tag: no two are equal. */
export function valueAt(tag: string, n: number): number {
  const own = tags.indexOf(tag) + 1
  return Math.round((own * 10 + Math.sin(n / 17 + own) + 0.1 * Math.sin(n * 12.9898 + own * 78.233)) * 1e3) / 1e3 + (n % 1e5) / 1e9 // prettier-ignore
}

/** What was sent, and what of it the broker has acknowledged. */
export class Book {
  /** Event time of number 0: so long ago that a clock a day behind still takes what comes. */
  readonly begin = Math.floor(Date.now() / 10_000) * 10_000 - 2 * 86_400_000
  /** Numbers that were sent, of every tag alike. */
  sent = 0
  readonly acknowledged: Readonly<Record<string, Set<number>>> = Object.fromEntries(tags.map((tag) => [tag, new Set<number>()])) // prettier-ignore
  /** Texts of messages that cannot be read. */
  readonly bad = new Set<string>()
  /** Parts whose image was sent, with the time by the clock. */
  readonly parts = new Map<string, number>()
  /** Values that were written to the PLC, by tag, by their time. */
  readonly written: Readonly<Record<string, Map<number, number>>> = Object.fromEntries(plcTags.map((tag) => [tag, new Map<number, number>()])) // prettier-ignore

  timeOf(n: number): number {
    return this.begin + n * step
  }

  get messages(): number {
    return Object.values(this.acknowledged).reduce((sum, { size }) => sum + size, 0) + this.bad.size + this.parts.size
  }
}

/** A line of machines that sends numbered values to broker and PLC, and keeps its book. */
export class Line {
  readonly book = new Book()
  /** How many beats are done at once: 10 is ten times the load. */
  load = 1
  /** Whether there is a PLC to write to. */
  hasPlc = true
  readonly #client: MqttClient
  readonly #plc: OpcuaServer
  readonly #image: Buffer
  readonly #waiting = new Set<Promise<void>>()
  #newest = 0
  #stopped = false
  #held = false
  #running: Promise<void> | undefined

  private constructor(client: MqttClient, plc: OpcuaServer, image: Buffer) {
    this.#client = client
    this.#plc = plc
    this.#image = image
  }

  static async connect(url: string, plc: OpcuaServer, image: Buffer): Promise<Line> {
    const client = await connectAsync(url, { protocolVersion: 5, clientId: 'line', clean: false, reconnectPeriod: 100 })
    client.on('error', () => undefined)
    return new Line(client, plc, image)
  }

  get connected(): boolean {
    return this.#client.connected
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Sends nothing more until `go`; resolves when the broker has acknowledged all that was sent. */
  async hold(): Promise<void> {
    this.#held = true
    await this.settled()
  }

  go(): void {
    this.#held = false
  }

  async settled(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    await this.settled()
  }

  close(): Promise<void> {
    return this.#client.endAsync(true)
  }

  async #run(): Promise<void> {
    for (let next = performance.now(); !this.#stopped; next = Math.max(next + beat, performance.now())) {
      await wait(Math.max(0, next - performance.now()))
      if (this.#held) continue
      for (let i = this.load; i > 0; i--) this.#send(this.book.sent++)
      this.#write()
    }
  }

  #send(n: number): void {
    const { book } = this
    for (const tag of tags) {
      const message = JSON.stringify({ ts: book.timeOf(n), value: valueAt(tag, n) })
      this.#publish(`plant/${tag}`, message, () => void book.acknowledged[tag].add(n))
    }
    if (n % badEvery === 0) {
      const text = `{"value": no number ${n}`
      this.#publish('plant/line1/pump1/vibration', text, () => void book.bad.add(text))
    }
    if (n % imageEvery === 0) this.#publish(`camera/P${n}`, this.#image, () => void book.parts.set(`P${n}`, Date.now()))
  }

  #publish(topic: string, payload: string | Buffer, acknowledged: () => void): void {
    const done = this.#client
      .publishAsync(topic, payload, { qos: 1 })
      .then(acknowledged)
      .finally(() => this.#waiting.delete(done))
    this.#waiting.add(done)
  }

  #write(): void {
    if (!this.hasPlc) return
    const { sent, written } = this.book
    // A server says nothing of a value whose time is that of the one before.
    const time = (this.#newest = Math.max(Date.now(), this.#newest + 1))
    const values = plcTags.map((name, at) => ({ name, value: sent + at / 10, sourceTime: time }))
    for (const { name, value } of values) written[name].set(time, value)
    // Whether it has come to its end is seen at the other side.
    this.#plc.write(...values).catch(() => undefined)
  }
}
