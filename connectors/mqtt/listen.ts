import { SourceError } from '../../agent/core/index.ts'
import type { BrokerSettings } from './broker-settings.ts'
import { Connection } from './connection.ts'
import { reasonOf, type Trouble } from './reasons.ts'

/** A topic on which something was heard. */
export interface HeardTopic {
  readonly topic: string
  messages: number
  /** Of them, those that the broker had kept from before. */
  retained: number
  bytes: number
  /** The newest payload, its beginning where it is large. */
  payload: Buffer
  /** Arrival of the first and newest message that was not retained, ms since epoch; NaN where there was none. */
  first: number
  last: number
}

export interface ListenOptions {
  readonly filters: readonly string[]
  /** ms */
  readonly duration: number
  /** Most topics that are kept. */
  readonly most?: number
  readonly signal?: AbortSignal
  progress?(topics: number, messages: number): void
}

export interface Listened {
  readonly topics: readonly HeardTopic[]
  readonly messages: number
  /** Filters that the broker refused, with its reason. */
  readonly refused: Readonly<Record<string, string>>
  /** There were more topics than were kept. */
  readonly more: boolean
}

const largestPayload = 65_536

/**
 * Listens at a broker for a while, in a session of its own that leaves nothing there. Settings as for the source; client id
 * and session are not those of the source. Rejects with a SourceError that says why the broker cannot be used.
 */
export function listen(settings: BrokerSettings, options: ListenOptions): Promise<Listened> {
  const topics = new Map<string, HeardTopic>()
  const refused: Record<string, string> = {}
  let messages = 0
  let more = false
  const hear = (topic: string, payload: Buffer, retained: boolean) => {
    messages++
    const heard = topics.get(topic)
    if (heard) count(heard, payload, retained)
    else if (topics.size < (options.most ?? 10_000)) topics.set(topic, count(silent(topic), payload, retained))
    else more = true
    options.progress?.(topics.size, messages)
  }
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const end = () => {
      clearTimeout(timer)
      void connection.close().then(() => resolve({ topics: [...topics.values()], messages, refused, more }))
    }
    options.signal?.addEventListener('abort', end, { once: true })
    const connection = new Connection(settings, {
      clientId: `millwright-look-${process.pid}-${Math.random().toString(36).slice(2, 8)}`,
      clean: true,
      up: (client) => {
        client.on('message', (topic, payload, { retain }) => hear(topic, payload, retain))
        if (options.filters.length > 0)
          client.subscribe([...options.filters], { qos: 0 }, (_, made, packet) => {
            made?.forEach(({ topic }, index) => {
              const code = Number(packet?.granted[index])
              if (code >= 0x80) refused[topic] = reasonOf(code).message
            })
          })
        timer = setTimeout(end, options.duration)
      },
      down: (trouble) => {
        clearTimeout(timer)
        connection.letEnd()
        reject(unusable(settings, trouble))
      },
    })
    connection.open()
  })
}

function silent(topic: string): HeardTopic {
  return { topic, messages: 0, retained: 0, bytes: 0, payload: Buffer.alloc(0), first: NaN, last: NaN }
}

function count(heard: HeardTopic, payload: Buffer, retained: boolean): HeardTopic {
  heard.messages++
  heard.bytes += payload.length
  heard.payload = payload.length > largestPayload ? Buffer.from(payload.subarray(0, largestPayload)) : payload
  if (retained) heard.retained++
  else {
    heard.last = Date.now()
    if (Number.isNaN(heard.first)) heard.first = heard.last
  }
  return heard
}

function unusable({ url }: BrokerSettings, { message, remedy }: Trouble): SourceError {
  const refuses = /user name|authorized|client id|version|banned|log in/.test(message)
  return new SourceError(refuses ? 'SOURCE_REFUSED' : 'SOURCE_UNREACHABLE', `${url}: ${message}`, { remedy })
}
