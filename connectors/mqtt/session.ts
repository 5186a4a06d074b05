import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { MqttClient } from 'mqtt'
import { type Arrival, BatchBuilder, type ConnectorContext, JournalError } from '../../agent/core/index.ts'
import { AckDesk, Unreleased } from './acks.ts'
import { Collector } from './collect.ts'
import { Connection } from './connection.ts'
import { Gate } from './gate.ts'
import { Guard } from './guard.ts'
import type { Trouble } from './reasons.ts'
import { type Readers, Router } from './routes.ts'
import type { MqttSettings } from './settings.ts'
import { SkewMeter } from './skew.ts'
import { Subscriptions } from './subscriptions.ts'
import { Waiting } from './waiting.ts'

/** Rows and dead letters at which an arrival is handed on before the turn ends. */
const maxRows = 32_768
const maxLetters = 1_000
const pingRequest = Buffer.of(0xc0, 0)
/** How long the end waits for what is not settled yet, ms. */
const farewell = 2_000

/** One subscription to the source: from the first connection to the last. */
export class MqttSession {
  readonly #settings: MqttSettings
  readonly #context: ConnectorContext
  readonly #emit: (arrival: Arrival) => void
  readonly #connection: Connection
  readonly #subscriptions: Subscriptions
  readonly #router: Router
  readonly #builder: BatchBuilder
  readonly #collector: Collector
  readonly #skew: SkewMeter
  readonly #guard: Guard
  readonly #unreleased = new Unreleased()
  #desk: AckDesk
  #gate: Gate | undefined
  #client: MqttClient | undefined
  #arrival = 0
  #collecting = false
  /** Bytes of messages that are not settled. */
  #unsettled = 0
  #pinged = false
  readonly #waiting = new Waiting()
  #connections = 0
  /** What the broker grants less of than was asked for. */
  #limits: readonly string[] = []
  #closing: (() => void) | undefined
  #closed = false

  constructor(settings: MqttSettings, context: ConnectorContext, emit: (arrival: Arrival) => void) {
    this.#settings = settings
    this.#context = context
    this.#emit = emit
    this.#guard = new Guard(context)
    this.#router = new Router(settings, context.tags, context.name, (tag, from, to) => {
      const time = context.clock.now()
      const detail = `${from} until now, ${to} from here on, as the configuration says; what was stored before stays`
      context.log.warn({ source: context.name, tag }, `the tag changes its type: ${detail}`)
      this.#collector.events.push({ type: 'audit', time, by: 'configuration', action: 'retype', subject: tag, detail })
    })
    this.#builder = new BatchBuilder(context.name, 1_024)
    this.#collector = new Collector(this.#builder, context.name, settings)
    this.#skew = new SkewMeter(context)
    this.#desk = new AckDesk(() => undefined, this.#unreleased)
    this.#subscriptions = new Subscriptions(settings, join(context.folder, 'subscriptions.json'), (items) => {
      this.#reportUp(items)
    })
    this.#connection = new Connection(settings, {
      clientId: settings.client_id ?? `millwright-${context.site}-${context.name}`,
      clean: settings.clean,
      sessionExpiry: settings.session_expiry,
      wrap: (socket) => this.#wrap(socket),
      up: (client, present, limits) => this.#up(client, present, limits),
      down: (trouble) => this.#down(trouble),
    })
  }

  /** What the presets have learned so far: names that came in messages of their own. */
  get readers(): Readers {
    return this.#router.readers
  }

  open(): void {
    this.#context.metrics.gauge('source_up', 0, { source: this.#context.name })
    this.#context.report({ state: 'connecting', message: `connecting to ${this.#settings.url}` })
    this.#connection.open()
  }

  /** Stops reading, acknowledges what is settled within two seconds, and disconnects. */
  async close(): Promise<void> {
    this.#closed = true
    this.#connection.letEnd()
    this.#subscriptions.stop()
    this.#gate?.setPaused(true)
    this.#drop()
    if (this.#unsettled > 0 && this.#connection.isUp) {
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, farewell)
        this.#closing = () => {
          clearTimeout(limit)
          resolve()
        }
      })
    }
    this.#desk.flush()
    this.#gate?.setPaused(false)
    await this.#connection.close()
  }

  #wrap(socket: Duplex): Duplex {
    const { version, max_payload } = this.#settings
    const gate = new Gate(
      socket,
      {
        message: this.#message.bind(this),
        released: (packetId) => this.#unreleased.release(packetId),
        accepted: (present) => this.#accepted(present),
        answered: () => this.#answered(),
        alive: () => this.#alive(gate),
      },
      version,
      max_payload,
    )
    this.#gate = gate
    this.#desk = new AckDesk((packets) => gate.send(packets), this.#unreleased)
    return gate
  }

  #up(client: MqttClient, present: boolean, limits: readonly string[]): void {
    const { metrics, name } = this.#context
    this.#limits = limits
    this.#client = client
    this.#pinged = false
    if (!present) this.#unreleased.clear()
    this.#probe()
    if (this.#connections++ > 0) metrics.count('reconnects_total', 1, { source: name })
    metrics.gauge('source_up', 1, { source: name })
    // While nothing is read no answer to a ping can be: silence is our own doing then, and no reason to hang up.
    client.on('packetsend', ({ cmd }) => {
      if (cmd !== 'pingreq') return
      this.#pinged = true
      if (this.#gate?.paused) client.reschedulePing(true)
    })
    this.#subscriptions.start(client, present)
  }

  #reportUp(items: Readonly<Record<string, string>>): void {
    const refused = Object.keys(items).length
    const { url } = this.#settings
    this.#context.metrics.gauge('quarantined_items', refused, { source: this.#context.name })
    if (refused === 0) {
      this.#context.report({ state: 'up', message: [`subscribed at ${url}`, ...this.#limits].join('; ') })
      return
    }
    this.#context.report({
      state: 'degraded',
      message: `${url} refuses ${refused} of ${this.#settings.topics!.length} subscriptions`,
      remedy: 'Check the filters and the access rules of the broker.',
      items,
    })
  }

  #down(trouble: Trouble): void {
    // What was read and not handed on is handed on: with QoS 0 nobody will send it again.
    this.#flush()
    this.#desk.abandon()
    this.#subscriptions.stop()
    this.#client = undefined
    this.#gate = undefined
    this.#context.metrics.gauge('source_up', 0, { source: this.#context.name })
    const { message, remedy } = trouble
    this.#context.report({ state: 'down', message: `${this.#settings.url}: ${message}`, remedy })
  }

  #message(
    bytes: Buffer,
    first: number,
    packetId: number,
    topicStart: number,
    topicEnd: number,
    start: number,
    end: number,
    size: number,
  ): void {
    if (this.#closed) return
    const weight = end - topicStart
    if (!this.#desk.receive((first >> 1) & 3, packetId, weight)) return
    this.#unsettled += weight
    this.#waiting.heard()
    if (!this.#collecting) {
      this.#collecting = true
      this.#arrival = this.#context.clock.now()
      setImmediate(() => this.#flush())
    }
    const key = bytes.toString('latin1', topicStart, topicEnd)
    const retained = (first & 1) === 1
    const late = retained || this.#waiting.possible
    try {
      this.#guard.take(bytes, topicStart, end)
      const route = this.#router.find(key)
      if (route) this.#collector.message(route, bytes, start, end, size, this.#arrival, late, retained)
      else this.#collector.aside(undefined, text(key), bytes, start, end, size, this.#arrival, late)
    } catch (error) {
      this.#collector.aside(error, text(key), bytes, start, end, size, this.#arrival, late)
    }
    this.#guard.done()
    if (this.#builder.length >= maxRows || this.#collector.letters.length >= maxLetters) this.#flush()
  }

  /** What was read and not handed on yet is not acknowledged: the broker sends it again. */
  #drop(): void {
    if (!this.#collecting) return
    this.#collecting = false
    this.#unsettled -= this.#desk.close().bytes
  }

  /** Hands on what was received in this turn, to be committed at once: the broker may wait for the acknowledgement. */
  #flush(): void {
    if (!this.#collecting) return
    this.#collecting = false
    const desk = this.#desk
    const parcel = desk.close()
    const { events, duplicates } = this.#collector
    const { repaired, skew } = this.#collector.takeClock()
    const letters = this.#collector.takeLetters()
    const batch = this.#builder.take(this.#arrival)
    this.#collector.events = []
    this.#collector.duplicates = 0
    const { metrics, name } = this.#context
    if (repaired > 0) metrics.count('repaired_times_total', repaired, { source: name, fallback: 'arrival' })
    if (duplicates > 0) metrics.count('duplicate_messages_total', duplicates, { source: name })
    this.#skew.add(skew)
    let open = true
    this.#emit({
      batch,
      ...(letters.length > 0 && { rejected: letters }),
      ...(events.length > 0 && { events }),
      settled: (stored) => {
        if (!open) return
        open = false
        parcel.settled(stored)
        this.#settled(parcel.bytes, stored, desk)
      },
    })
  }

  #settled(bytes: number, stored: boolean, desk: AckDesk): void {
    this.#unsettled -= bytes
    if (!stored && desk === this.#desk) {
      this.#connection.interrupt(
        new JournalError('JOURNAL_IO', 'what was received could not be stored; the broker is asked to send it again', {
          remedy: 'See what the journal says: the disk may be full.',
        }),
      )
    }
    if (this.#unsettled === 0) {
      this.#closing?.()
      // After the acknowledgements, which are written at the end of this turn.
      setImmediate(() => this.#probe())
    }
    if (this.#gate?.paused && !this.#closed && this.#unsettled <= this.#settings.max_unsettled / 2) {
      this.#gate.setPaused(false)
    }
  }

  /** Before any message of this connection, which may come in the same piece as the broker's word. */
  #accepted(present: boolean): void {
    this.#waiting.accepted(this.#context.clock.now(), present)
  }

  #answered(): void {
    if (this.#waiting.answered(this.#context.clock.now())) this.#probe()
  }

  /** Asks whether the broker still has messages from before this connection. */
  #probe(): void {
    if (this.#unsettled > 0 || !this.#gate || !this.#waiting.ask()) return
    this.#desk.flush()
    this.#gate.send(pingRequest)
  }

  #alive(gate: Gate): void {
    if (this.#pinged) {
      this.#pinged = false
      this.#client?.reschedulePing(true)
    }
    if (this.#unsettled > this.#settings.max_unsettled && !gate.paused) {
      gate.setPaused(true)
      this.#context.metrics.count('paused_total', 1, { source: this.#context.name })
    }
  }
}

function text(topic: string): string {
  return Buffer.from(topic, 'latin1').toString('utf8')
}
