import { Observable } from 'rxjs'
import type { ConnectorContext, ImageArrival, ImageSource } from '../../agent/core/index.ts'
import { Connection } from '../mqtt/connection.ts'
import { Subscriptions } from '../mqtt/subscriptions.ts'
import { imageMessage } from './message.ts'
import { partPattern } from './part.ts'
import type { MqttImageSettings } from './settings.ts'

/**
 * Images as messages of an MQTT broker: the file itself, or JSON with base64. Reconnects by itself; the broker keeps
 * nothing for it meanwhile, as the parts have gone by.
 */
export class MqttImages implements ImageSource {
  readonly #settings: MqttImageSettings
  readonly #context: ConnectorContext

  constructor(settings: MqttImageSettings, context: ConnectorContext) {
    this.#settings = settings
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
          client.on('message', (on, payload) => subscriber.next(imageMessage(payload, on, clock.now(), partOf?.(on))))
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
