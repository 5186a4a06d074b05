import mqtt from 'mqtt'
import { Observable } from 'rxjs'
import type { ConnectorContext, ImageArrival, ImageSource, Status } from '../../agent/core/index.ts'
import { troubleOf } from '../mqtt/reasons.ts'
import { imageMessage } from './message.ts'
import { partPattern } from './part.ts'
import type { MqttImageSettings } from './settings.ts'

/** Images as messages of an MQTT broker: the file itself, or JSON with base64. Reconnects by itself. */
export class MqttImages implements ImageSource {
  readonly #settings: MqttImageSettings
  readonly #context: ConnectorContext

  constructor(settings: MqttImageSettings, context: ConnectorContext) {
    this.#settings = settings
    this.#context = context
  }

  images(): Observable<ImageArrival> {
    const { url, topic, part, username, password, password_file, qos } = this.#settings
    const { clock, name } = this.#context
    const report = (status: Status) => this.#context.report(status)
    const partOf = part === undefined ? undefined : partPattern(part)
    return new Observable((subscriber) => {
      const client = mqtt.connect(url, {
        clientId: `millwright-${name}-${process.pid}`,
        reconnectPeriod: 2000,
        resubscribe: false,
        ...(username !== undefined && { username }),
        ...((password ?? password_file) && { password: (password ?? password_file)!.reveal() }),
      })
      let failing = false
      client.on('connect', () => {
        failing = false
        client.subscribe(topic, { qos }, (error) => {
          if (error) report({ state: 'degraded', message: `the broker refuses ${topic}: ${error.message}` })
          else report({ state: 'up', message: `subscribed to ${topic}` })
        })
      })
      client.on('error', (error) => {
        failing = true
        const { message, remedy } = troubleOf(error)
        report({ state: 'down', message: `${url}: ${message}`, remedy })
      })
      client.on('close', () => {
        // An attempt that failed has said why.
        if (!failing) report({ state: 'connecting', message: `no connection to ${url}` })
      })
      client.on('message', (on, payload) => subscriber.next(imageMessage(payload, on, clock.now(), partOf?.(on))))
      return () => void client.endAsync(true)
    })
  }
}
