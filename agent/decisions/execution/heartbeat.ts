import type { MqttWriter } from '../../../connectors/mqtt/writer.ts'
import type { OpcuaWriter } from '../../../connectors/opcua/writer.ts'
import { type Clock, describeError, type Logger } from '../../core/index.ts'
import type { Config } from '../../settings/index.ts'

/** How far the pipeline, and with it the decisions, has come: the next entry that it handles, and the end of the journal. */
export interface Progress {
  readonly next: number
  readonly end: number
}

/** Where heartbeats go: a node of a server, or a topic of a broker, each over a connection of its own. */
export interface HeartbeatSides {
  readonly node: (connector: string) => Promise<Pick<OpcuaWriter, 'read' | 'write' | 'close'>>
  readonly topic: (connector: string, will: { readonly topic: string; readonly payload: string }) => Promise<Pick<MqttWriter, 'publish' | 'close'>> // prettier-ignore
}

export interface HeartbeatParts extends HeartbeatSides {
  readonly clock: Clock
  readonly log: Logger
  readonly config: () => Pick<Config, 'connectors' | 'site'>
  /** Undefined where the pipeline has stopped. */
  readonly progress: () => Progress | undefined
}

/** What a heartbeat goes to. */
interface Side {
  beat(): Promise<void>
  close(): Promise<void>
}

/** Counts to 99, which fits every type of number. */
const rounds = 100

/** The heartbeats of all connectors that have one: they stop when the pipeline, and with it the decisions, makes no progress. */
export class Heartbeats {
  readonly #parts: HeartbeatParts
  readonly #hearts = new Map<string, Heart>()
  #stopped = false

  constructor(parts: HeartbeatParts) {
    this.#parts = parts
  }

  /** Begins those that are not there yet. */
  start(): void {
    if (this.#stopped) return
    for (const [name, { definition, settings }] of Object.entries(this.#parts.config().connectors)) {
      const { heartbeat } = settings as { heartbeat?: { node?: string; topic?: string; every: number } }
      if (!heartbeat || this.#hearts.has(name)) continue
      const { node, topic = '', every } = heartbeat
      const side = definition.type === 'opcua' ? nodeSide(this.#parts, name, node!) : topicSide(this.#parts, name, topic) // prettier-ignore
      this.#hearts.set(name, new Heart(name, every, side, this.#parts))
    }
  }

  /** Ends those of connectors. */
  async release(connectors: readonly string[]): Promise<void> {
    const gone = connectors.flatMap((name) => this.#hearts.get(name) ?? [])
    for (const name of connectors) this.#hearts.delete(name)
    await Promise.all(gone.map((heart) => heart.stop()))
  }

  stop(): Promise<void> {
    this.#stopped = true
    return this.release([...this.#hearts.keys()])
  }
}

/** One heartbeat. It beats by the clock of the machine: whoever watches it has no other. */
class Heart {
  readonly #name: string
  readonly #side: Side
  readonly #parts: HeartbeatParts
  readonly #timer: NodeJS.Timeout
  #next = -1
  #beating: Promise<void> | undefined
  /** What keeps it from beating; undefined while it beats. */
  #trouble: string | undefined

  constructor(name: string, every: number, side: Side, parts: HeartbeatParts) {
    this.#name = name
    this.#side = side
    this.#parts = parts
    this.#timer = setInterval(() => this.#due(), every)
    this.#due()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#beating
    await this.#side.close()
  }

  #due(): void {
    // A side that is slow is not asked twice.
    if (this.#beating) return
    if (!this.#goesOn()) {
      this.#tell('the pipeline makes no progress')
      return
    }
    this.#beating = this.#side.beat().then(() => this.#tell(undefined), (error: unknown) => this.#tell(describeError(error))).finally(() => (this.#beating = undefined)) // prettier-ignore
  }

  #goesOn(): boolean {
    const progress = this.#parts.progress()
    if (!progress) return false
    const moved = progress.next >= progress.end || progress.next > this.#next
    this.#next = progress.next
    return moved
  }

  #tell(trouble: string | undefined): void {
    if ((trouble === undefined) === (this.#trouble === undefined)) return
    this.#trouble = trouble
    const { log } = this.#parts
    if (trouble === undefined) log.info({ connector: this.#name }, 'the heartbeat goes on')
    else log.warn({ connector: this.#name }, `no heartbeat: ${trouble}`)
  }
}

/** Toggles a Boolean, or counts, from what the node holds at first. */
function nodeSide({ node: open }: HeartbeatSides, connector: string, node: string): Side {
  let writer: ReturnType<typeof open> | undefined
  let last: boolean | number | undefined
  return {
    async beat() {
      const side = await (writer ??= open(connector))
      if (last === undefined) {
        const held = await side.read(node)
        if (typeof held !== 'boolean' && typeof held !== 'number')
          throw new Error(`${node} holds ${String(held)}: give a Boolean or a number that has a value`)
        last = held
      }
      const next = typeof last === 'boolean' ? !last : (Math.max(0, Math.floor(last)) + 1) % rounds
      await side.write(node, next)
      last = next
    },
    async close() {
      await (await writer)?.close()
    },
  }
}

function topicSide({ topic: open, clock, config }: HeartbeatParts, connector: string, topic: string): Side {
  const { site } = config()
  const gone = { topic, payload: JSON.stringify({ state: 'gone', site }), qos: 1, retain: true } as const
  let writer: ReturnType<typeof open> | undefined
  let count = -1
  return {
    async beat() {
      const side = await (writer ??= open(connector, gone))
      count = (count + 1) % rounds
      const payload = JSON.stringify({ state: 'alive', site, count, time: new Date(clock.now()).toISOString() })
      await side.publish({ ...gone, payload })
    },
    async close() {
      const side = await writer
      // The broker sends no will of a client that says goodbye.
      await side?.publish(gone).catch(() => undefined)
      await side?.close()
    },
  }
}
