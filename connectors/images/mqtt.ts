import { createHash } from 'node:crypto'
import { Observable } from 'rxjs'
import { type ConnectorContext, type ImageArrival, type ImageSource, mostEnds } from '../../agent/core/index.ts'
import { Connection } from '../mqtt/connection.ts'
import { Subscriptions } from '../mqtt/subscriptions.ts'
import { imageMessage } from './message.ts'
import { partPattern } from './part.ts'
import type { MqttImageSettings } from './settings.ts'

/** What JSON may hold beside the image in base64. */
const metadataBytes = 4_096

/** Bytes by which a message is known that ended the process, beside its length. */
const known = 65_536

/**
 * Images as messages of an MQTT broker: the file itself, or JSON with base64. Reconnects by itself; the broker keeps
 * nothing for it meanwhile, as the parts have gone by.
 */
export class MqttImages implements ImageSource {
  readonly #settings: MqttImageSettings
  readonly #context: ConnectorContext
  readonly #largest: number

  /** `largest`: bytes of an image, so that a larger one is not held. */
  constructor(settings: MqttImageSettings, context: ConnectorContext, largest: number) {
    this.#settings = settings
    this.#largest = largest
    this.#context = context
  }

  images(): Observable<ImageArrival> {
    const { url, part, client_id } = this.#settings
    const { clock, name, site } = this.#context
    const partOf = part === undefined ? undefined : partPattern(part)
    return new Observable((subscriber) => {
      const subscriptions = this.#subscriptions()
      const connection = new Connection(this.#settings, {
        clientId: client_id ?? `millwright-${site}-${name}-images`,
        clean: true,
        up: (client, present) => {
          client.on('message', (on, payload) => subscriber.next(this.#guarded(payload, on, clock.now(), partOf?.(on))))
          subscriptions.start(client, present)
        },
        down: ({ message, remedy }) => {
          subscriptions.stop()
          this.#context.report({ state: 'down', message: `${url}: ${message}`, remedy })
        },
      })
      this.#context.report({ state: 'connecting', message: `connecting to ${url}` })
      connection.open()
      return () => {
        subscriptions.stop()
        void connection.close()
      }
    })
  }

  /** Marked while it is read; unread where it ended the process twice. */
  #guarded(payload: Buffer, topic: string, now: number, part: string | undefined): ImageArrival {
    const { inHand, name } = this.#context
    if (!inHand) return this.#arrival(payload, topic, now, part)
    const key = createHash('sha1').update(topic).update(payload.subarray(0, known)).digest('base64')
    if (!inHand.take(`station ${name}`, `${key} ${payload.length}`)) {
      const refused = {
        reason: 'quarantined',
        detail: `the agent ended ${mostEnds} times while it read this message`,
      } as const
      return { image: Uint8Array.from(payload.subarray(0, 256)), time: now, subject: topic, refused, ...(part !== undefined && { part }) } // prettier-ignore
    }
    try {
      return this.#arrival(payload, topic, now, part)
    } finally {
      inHand.done(`station ${name}`)
    }
  }

  /** A message is held in bytes of its own: as a piece of what the socket read it would hold all of that. */
  #arrival(payload: Buffer, topic: string, now: number, part: string | undefined): ImageArrival {
    const most = payload[0] === 0x7b ? Math.ceil((this.#largest * 4) / 3) + metadataBytes : this.#largest
    if (payload.length <= most) return imageMessage(Uint8Array.from(payload), topic, now, part)
    const detail = `the message has ${payload.length} bytes: at most ${this.#largest} are allowed for an image`
    const image = Uint8Array.from(payload.subarray(0, 256))
    return {
      image,
      time: now,
      subject: topic,
      refused: { reason: 'oversized', detail },
      ...(part !== undefined && { part }),
    }
  }

  #subscriptions(): Subscriptions {
    const { topic, url } = this.#settings
    return new Subscriptions({ ...this.#settings, topics: [{ filter: topic }] }, undefined, (refused) => {
      if (!(topic in refused)) this.#context.report({ state: 'up', message: `subscribed to ${topic}` })
      else
        this.#context.report({
          state: 'degraded',
          message: `${url} refuses ${topic}: ${refused[topic]}`,
          remedy: 'Check the topic and the access rules of the broker.',
        })
    })
  }
}
