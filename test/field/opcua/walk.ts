import { Quality } from '../../../agent/core/index.ts'
import { seededRandom, type Random } from '../../../models/random.ts'
import { Running, quick, type Row } from '../../connectors/opcua/harness.ts'
import { Proxy } from '../../support/opcua-server-proxy.ts'
import { OpcuaServer, type ServerNode } from '../../support/opcua-server.ts'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../support/until.ts'

/** A value that the server had, at its source time, ms since epoch. */
interface Had {
  readonly value: number
  readonly time: number
}

/** What became of a walk. */
export interface Walked {
  readonly steps: Readonly<Record<string, number>>
  /** Values that the server had; of them stored once, and missing in a recorded gap. */
  readonly had: number
  readonly stored: number
  readonly inGaps: number
  readonly gaps: number
  /** What must not be: lost without a gap, stored twice, or never had. */
  readonly wrong: readonly string[]
}

export interface WalkOptions {
  readonly minutes: number
  readonly seed: number
  say?(line: string): void
}

const names = ['A', 'B', 'C', 'D']
/** ms between two values of all nodes. */
const pace = 40
const keptHistory = 200_000

/** A plant whose server has a hard life, and the source that reads it. */
class World {
  readonly had = new Map<string, Had[]>(names.map((name) => [name, []]))
  readonly rows = new Map<string, Row[]>(names.map((name) => [name, []]))
  readonly gaps: { readonly from: number; readonly to: number }[] = []
  readonly steps: Record<string, number> = {}
  readonly #random: Random
  readonly #present = new Set(names)
  readonly server: OpcuaServer
  readonly proxy: Proxy
  readonly source: Running
  #value = 0
  #time = 0

  private constructor(server: OpcuaServer, proxy: Proxy, source: Running, random: Random) {
    this.server = server
    this.proxy = proxy
    this.source = source
    this.#random = random
  }

  static async begin(seed: number): Promise<World> {
    const nodes = names.map((name): ServerNode => ({ name, value: 0, history: keptHistory }))
    const server = await OpcuaServer.start(nodes)
    const proxy = await Proxy.before(server.port)
    const tags = names.map((name) => ({ node: `ns=2;s=${name}`, tag: name }))
    const more = { keepalive: '500ms', lifetime: '3s', queue: 100, backfill: true, sampling: '0ms' }
    const source = new Running({ ...quick, ...more, endpoint: proxy.endpoint, tags })
    await source.up()
    return new World(server, proxy, source, seededRandom(seed))
  }

  /** Writes a value into each node now and then, as long as there is a server. */
  async write(): Promise<void> {
    // Times of the protocol are compared to the millisecond: none comes twice.
    this.#time = Math.max(this.#time + 1, Date.now())
    const value = ++this.#value
    const present = [...this.#present]
    await this.server.write(...present.map((name) => ({ name, value, sourceTime: this.#time })))
    for (const name of present) this.had.get(name)!.push({ value, time: this.#time })
    this.collect()
  }

  async live(ms: number): Promise<void> {
    const end = performance.now() + ms
    while (performance.now() < end) {
      await this.write()
      await delay(pace)
    }
  }

  /** The newest value; they count up. */
  get newest(): number {
    return this.#value
  }

  /** Takes over what the source has handed on. */
  collect(): void {
    for (const row of this.source.rows()) this.rows.get(row.tag)!.push(row)
    this.gaps.push(...this.source.gaps)
    this.source.arrivals.length = 0
  }

  async step(): Promise<string> {
    const all = Object.entries(this.#events)
    const [name, event] = all[this.#random.integer(all.length)]
    this.steps[name] = (this.steps[name] ?? 0) + 1
    await event()
    return name
  }

  /** Until the newest value of each node has come. */
  async settle(): Promise<void> {
    this.proxy.mend()
    for (const name of names) if (!this.#present.has(name)) await this.#create(name)
    await this.source.up()
    await this.#arrived()
    // Gaps come with the first answers after a loss, history right behind.
    await this.live(3_000)
    await this.#arrived()
    await until('up', () => this.source.status?.state === 'up')
    this.collect()
  }

  /** Until the newest value of each node has come. */
  async #arrived(): Promise<void> {
    await this.write()
    await until('the newest values', () => {
      this.collect()
      return names.every((name) => {
        const last = this.had.get(name)!.at(-1)!
        return this.rows.get(name)!.some(({ value, time }) => value === last.value && time === last.time)
      })
    })
  }

  async end(): Promise<void> {
    this.source.stop()
    await this.proxy.close()
    await this.server.close()
  }

  readonly #events: Readonly<Record<string, () => Promise<void>>> = {
    cut: async () => {
      this.proxy.cut()
      await this.live(this.#between(50, 2_000))
      this.proxy.mend()
    },
    'long cut': async () => {
      this.proxy.cut()
      await this.live(this.#between(4_000, 6_000))
      this.proxy.mend()
    },
    silence: async () => {
      this.proxy.silence()
      await this.live(this.#between(500, 4_000))
      this.proxy.mend()
    },
    freeze: async () => {
      this.server.freeze()
      await delay(this.#between(100, 4_000))
      this.server.thaw()
    },
    'restart with history': () => this.#restart(true),
    'restart without history': () => this.#restart(false),
    'certificate renewed': async () => {
      await this.#restart(true, () => this.server.forgetCertificate())
    },
    'limits changed': () => this.server.misbehave({ reads: 1 + this.#random.integer(20) }),
    'history in pieces': () => this.server.misbehave({ history: { most: 20 + this.#random.integer(40), told: this.#random.integer(2) === 0 } }), // prettier-ignore
    'node deleted and made again': async () => {
      const name = names[this.#random.integer(names.length)]
      this.#present.delete(name)
      await this.server.remove(name)
      await this.live(this.#between(100, 3_000))
      await this.#create(name)
    },
    'subscriptions gone': () => this.server.dropSubscriptions(),
    'sessions gone': () => this.server.dropSessions(),
  }

  async #create(name: string): Promise<void> {
    this.#time = Math.max(this.#time + 1, Date.now())
    const [value, time] = [++this.#value, this.#time]
    await this.server.add({ name, value, sourceTime: time, history: keptHistory })
    this.had.get(name)!.push({ value, time })
    this.#present.add(name)
  }

  async #restart(withHistory: boolean, meanwhile: () => void = () => undefined): Promise<void> {
    await this.server.kill()
    meanwhile()
    await delay(this.#between(0, 2_000))
    this.#time = Math.max(this.#time + 1, Date.now())
    const [value, time] = [++this.#value, this.#time]
    const nodes = names.map((name): ServerNode => {
      const past = withHistory
        ? this.had
            .get(name)!
            .slice(-5_000)
            .map((had) => ({ value: had.value, sourceTime: had.time }))
        : []
      return { name, value, sourceTime: time, history: keptHistory, past }
    })
    await this.server.launch(nodes)
    for (const name of names) {
      this.had.get(name)!.push({ value, time })
      this.#present.add(name)
    }
  }

  #between(least: number, most: number): number {
    return least + this.#random.integer(most - least)
  }
}

/**
 * Walks a source through cuts, freezes, restarts and downloads at random, while its server has new values all the time. In the
 * end every value that the server had is stored once at its time, or lies in a recorded gap.
 */
export async function walk({ minutes, seed, say }: WalkOptions): Promise<Walked> {
  const world = await World.begin(seed)
  const random = seededRandom(seed + 1)
  try {
    for (const end = performance.now() + minutes * 60_000; performance.now() < end;) {
      await world.live(200 + random.integer(3_000))
      const before = world.newest
      const name = await world.step()
      say?.(`${name}, values ${before} to ${world.newest}; ${world.source.status?.state ?? ''}`)
      // Half of the time the next blow comes before it has recovered.
      if (random.integer(2) === 0) await world.source.up()
    }
    await world.settle()
    return judge(world)
  } finally {
    await world.end()
  }
}

function judge({ had, rows, gaps, steps }: World): Walked {
  const wrong: string[] = []
  let [stored, inGaps] = [0, 0]
  const isMissing = (time: number) => gaps.some(({ from, to }) => time >= from && time <= to)
  for (const [name, values] of had) {
    const counts = new Map<string, number>()
    const known = new Map(values.map(({ value, time }) => [value, time]))
    // What the source gave before the walk began.
    known.set(0, -Infinity)
    for (const { value, time, quality } of rows.get(name)!) {
      if (quality !== Quality.good) continue
      const first = known.get(Number(value))
      if (first === undefined || time < first) wrong.push(`${name} ${String(value)} at ${time} was never there`)
      counts.set(`${String(value)} ${time}`, (counts.get(`${String(value)} ${time}`) ?? 0) + 1)
    }
    for (const { value, time } of values) {
      const count = counts.get(`${value} ${time}`) ?? 0
      if (count === 1) stored++
      else if (count === 0 && isMissing(time)) inGaps++
      else wrong.push(`${name} ${value} at ${time} is ${count === 0 ? 'lost without a gap' : `there ${count} times`}`)
    }
  }
  const total = [...had.values()].reduce((sum, { length }) => sum + length, 0)
  return { steps, had: total, stored, inGaps, gaps: gaps.length, wrong }
}
