import { Observable, type Subscriber } from 'rxjs'
import type { Arrival, ConnectorContext, Source } from '../../agent/core/index.ts'
import { MqttSession } from './session.ts'
import type { MqttSettings } from './settings.ts'

/**
 * Reads samples from an MQTT broker. A message is acknowledged once its arrival is settled; one that cannot be decoded
 * becomes a dead letter and is acknowledged as well. Where an arrival cannot be stored, the connection is broken, after
 * which the broker sends its messages again (QoS 1 and 2, with `clean: false`).
 */
export class MqttSource implements Source {
  readonly #settings: MqttSettings
  readonly #context: ConnectorContext
  #closing: Promise<void> = Promise.resolve()

  constructor(settings: MqttSettings, context: ConnectorContext) {
    this.#settings = settings
    this.#context = context
  }

  batches(): Observable<Arrival> {
    return new Observable((subscriber: Subscriber<Arrival>) => {
      const session = new MqttSession(this.#settings, this.#context, (arrival) => subscriber.next(arrival))
      session.open()
      return () => {
        this.#closing = session.close()
      }
    })
  }

  closed(): Promise<void> {
    return this.#closing
  }
}
