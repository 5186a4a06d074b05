import { BatchBuilder, type DecisionEvent, type Entry, type JournalEvent, Quality, silentMetrics, TagTable, type TagDefinition } from '../../agent/core/index.ts' // prettier-ignore
import { parseConfig } from '../../config/index.ts'
import { Decisions } from '../../agent/decisions/index.ts'
import { Pipeline } from '../../agent/pipeline/index.ts'
import { type Config, schema } from '../../agent/settings/index.ts'

/** When everything begins, ms since epoch: a Thursday, midnight. */
export const start = Date.UTC(2026, 0, 1)

export const head = `
connectors:
  plc: { type: opcua, endpoint: "opc.tcp://127.0.0.1:4840", tags: [ { node: "ns=2;s=X", tag: "line1/pump1/x" } ] }
  broker: { type: mqtt, url: "mqtt://127.0.0.1", topics: [ { filter: "plant/#" } ] }
assets: { pump: { tags: "{line}/pump{n}/{role}" } }
`

type Value = number | string | boolean | typeof bad
export const bad = Symbol('bad')

/** Entries of a journal, made by hand. `seconds` counts from the start. */
export class Script {
  readonly tags = new TagTable()
  readonly entries: Entry[] = []
  readonly #reporting: TagDefinition['reporting']

  constructor(reporting: TagDefinition['reporting'] = 'periodic') {
    this.#reporting = reporting
  }

  /** Rows of `role: value` of a pump, each list at `seconds` by its own clock. */
  rows(
    seconds: number,
    values: Readonly<Record<string, Value>>,
    { pump = 'line1/pump1', arrival = seconds, also = [] as readonly [number, Readonly<Record<string, Value>>][] } = {},
  ): this {
    // prettier-ignore
    const builder = new BatchBuilder('plc')
    for (const [at, row] of [[seconds, values] as const, ...also])
      for (const [role, value] of Object.entries(row)) {
        const type = typeof value === 'boolean' ? 'boolean' : typeof value === 'string' ? 'text' : 'number'
        const { index } = this.tags.resolve({ name: `${pump}/${role}`, type, reporting: this.#reporting ?? 'periodic', source: 'plc' }) // prettier-ignore
        const time = start + at * 1_000
        if (typeof value === 'string') builder.addText(index, time, value, Quality.good)
        else builder.add(index, time, value === bad ? 1 : Number(value), value === bad ? Quality.bad : Quality.good)
      }
    return this.#push({ kind: 'samples', batch: builder.take(start + arrival * 1_000) })
  }

  /** Time passes without data. */
  tick(seconds: number): this {
    return this.#push({ kind: 'samples', batch: new BatchBuilder('', 0).take(start + seconds * 1_000) })
  }

  event(seconds: number, event: Record<string, unknown>): this {
    const time = start + seconds * 1_000
    return this.#push({
      kind: 'event',
      event: { time, detail: '', ...event } as unknown as JournalEvent,
      arrival: time,
    })
  }

  order(seconds: number, order: string, decision?: string, by = 'mei'): this {
    return this.event(seconds, { type: 'order', order, by, ...(decision !== undefined && { decision }) })
  }

  /** What an executor records of a decision. */
  executed(seconds: number, id: string, more: Record<string, unknown> = {}, step = 'confirmed'): this {
    this.event(seconds, { type: 'execution', id, step: 'intent', ...more })
    return this.event(seconds + 0.1, { type: 'execution', id, step, ...more })
  }

  #push(
    entry: Omit<Extract<Entry, { kind: 'samples' }>, 'offset'> | Omit<Extract<Entry, { kind: 'event' }>, 'offset'>,
  ): this {
    // prettier-ignore
    this.entries.push({ ...entry, offset: this.entries.length })
    return this
  }
}

export const configOf = (actions: string, more = ''): Config =>
  parseConfig(`${head}${more}\nactions:\n${actions}`, { schema, env: {} })

/** A pipeline with these actions over the entries, `size` at a time; `saved`: where it goes on. */
export class Run {
  readonly engine: Decisions
  readonly events: DecisionEvent[] = []
  readonly #pipeline: Promise<Pipeline>

  constructor(config: Config, { tags }: Pick<Script, 'tags'>, saved?: unknown) {
    this.engine = new Decisions(config, tags)
    const parts = { metrics: silentMetrics, detector: () => Promise.resolve(undefined), keepSamples: false }
    this.#pipeline = Pipeline.create({ config, tags, ...parts, decider: this.engine, saved })
  }

  async over(entries: readonly Entry[], size = 1): Promise<this> {
    const pipeline = await this.#pipeline
    for (let at = 0; at < entries.length; at += size)
      for (const record of await pipeline.handle(entries.slice(at, at + size)))
        if (record.kind === 'event' && record.event.type === 'decision') this.events.push(record.event)
    return this
  }

  async save(): Promise<unknown> {
    return structuredClone((await this.#pipeline).save())
  }

  /** `12 slow proposed`: seconds, action, step and guard. */
  get told(): string[] {
    return this.events.map(({ time, action, purpose, step, guard }) => [(time - start) / 1_000, action, ...(purpose === 'do' ? [] : [purpose]), step, ...(guard ? [guard] : [])].join(' ')) // prettier-ignore
  }
}

export const decide = async (actions: string, script: Script, more = ''): Promise<Run> => new Run(configOf(actions, more), script).over(script.entries) // prettier-ignore
