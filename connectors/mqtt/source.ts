import { Observable, type Subscriber } from 'rxjs'
import type { Arrival, ConnectorContext, DeadLetter, Source } from '../../agent/core/index.ts'
import { Rereader } from './again.ts'
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
  #session: MqttSession | undefined
  #rereader: Rereader | undefined

  constructor(settings: MqttSettings, context: ConnectorContext) {
    this.#settings = settings
    this.#context = context
  }

  batches(): Observable<Arrival> {
    return new Observable((subscriber: Subscriber<Arrival>) => {
      const session = new MqttSession(this.#settings, this.#context, (arrival) => subscriber.next(arrival))
      session.open()
      this.#session = session
      this.#rereader = undefined
      return () => {
        this.#closing = session.close()
      }
    })
  }

  again(letter: DeadLetter): Arrival | string {
    this.#rereader ??= new Rereader(this.#settings, this.#context, this.#session?.readers)
    return this.#rereader.read(letter)
  }

  closed(): Promise<void> {
    return this.#closing
  }
}
