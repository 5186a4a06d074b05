import {
  type Arrival,
  BatchBuilder,
  type ConnectorContext,
  type DeadLetter,
  type JournalEvent,
} from '../../agent/core/index.ts'
import { Collector } from './collect.ts'
import { type Readers, Router } from './routes.ts'
import type { MqttSettings } from './settings.ts'

/** Reads messages that were put aside once more, as if they came now; values without a time of their own keep their arrival. */
export class Rereader {
  readonly #context: ConnectorContext
  readonly #router: Router
  readonly #builder: BatchBuilder
  readonly #collector: Collector
  #events: JournalEvent[] = []

  /** `readers`: what the presets have learned from the messages of now. */
  constructor(settings: MqttSettings, context: ConnectorContext, readers?: Readers) {
    const { tags, name, clock } = context
    this.#context = context
    const retyped = (subject: string, from: string, to: string) => {
      const detail = `${from} until now, ${to} from here on, as the configuration says; what was stored before stays`
      this.#events.push({ type: 'audit', time: clock.now(), by: 'configuration', action: 'retype', subject, detail })
    }
    this.#router = new Router(settings, tags, name, retyped, readers)
    this.#builder = new BatchBuilder(name)
    this.#collector = new Collector(this.#builder, name, settings)
  }

  /** What comes of a letter now; a text says why it cannot be read again. */
  read({ message, payload, size, time, rows }: DeadLetter): Arrival | string {
    if (!message) return 'it stands for several values, or for no message that was kept'
    const { topic, field, part, late } = message
    if (payload.length < size) return `only the first ${payload.length} of its ${size} bytes were kept`
    if (part && field === '')
      return `some values of the message were stored, ${rows} were not: which, nobody knows any more`
    const bytes = Buffer.from(payload)
    const route = this.#router.find(Buffer.from(topic).toString('latin1'))
    this.#collector.only = field === '' ? undefined : field
    if (route) this.#collector.message(route, bytes, 0, size, size, time, late)
    else this.#collector.aside(undefined, topic, bytes, 0, size, size, time, late)
    const events = [...this.#events, ...this.#collector.events]
    this.#events = []
    this.#collector.events = []
    return { batch: this.#builder.take(this.#context.clock.now()), rejected: this.#collector.takeLetters(), events }
  }
}
