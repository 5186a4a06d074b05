import type { MqttClient } from 'mqtt'
import { DeliveryError } from '../../agent/core/index.ts'
import { Connection } from './connection.ts'
import { reasonOf, type Trouble } from './reasons.ts'
import type { MqttSettings } from './settings.ts'

/** One message. */
export interface Message {
  readonly topic: string
  readonly payload: string
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
}

/** Publishes single messages over a connection of its own, which is made at the first one. */
export class MqttWriter {
  readonly #connection: Connection
  readonly #url: string
  #client: MqttClient | undefined
  #trouble: Trouble | undefined
  #opened = false
  readonly #waiting = new Set<() => void>()

  /** `clientId`: no other client of the broker has it. */
  constructor(settings: MqttSettings, clientId: string) {
    this.#url = settings.url
    const told = () => {
      const waiting = [...this.#waiting]
      this.#waiting.clear()
      for (const one of waiting) one()
    }
    this.#connection = new Connection(settings, {
      clientId,
      clean: true,
      up: (client) => {
        this.#client = client
        told()
      },
      down: (trouble) => {
        this.#client = undefined
        this.#trouble = trouble
        told()
      },
    })
  }

  /**
   * Resolves when the broker has acknowledged it (with QoS 0: when it is sent); rejects with a DeliveryError. `sent`: called
   * when it may have reached the broker from here on.
   */
  async publish({ topic, payload, qos, retain }: Message, sent: () => void = () => undefined): Promise<void> {
    if (!this.#opened) this.#connection.open()
    this.#opened = true
    if (!this.#client && this.#connection.isTrying) await new Promise<void>((resolve) => this.#waiting.add(resolve))
    const client = this.#client
    if (!client) throw this.#unreachable()
    sent()
    await new Promise<void>((resolve, reject) => {
      const broken = () => reject(this.#unreachable())
      this.#waiting.add(broken)
      client.publish(topic, payload, { qos, retain }, (error) => {
        this.#waiting.delete(broken)
        if (!error) resolve()
        else reject(this.#refused(topic, error))
      })
    })
  }

  async close(): Promise<void> {
    if (this.#opened) await this.#connection.close()
  }

  #refused(topic: string, error: unknown): Error {
    const { code } = error as { code?: unknown }
    if (typeof code !== 'number') return this.#unreachable(error)
    const { message, remedy } = reasonOf(code)
    return new DeliveryError('DELIVERY_DENIED', `${topic}: ${message}`, { cause: error, remedy })
  }

  #unreachable(cause?: unknown): DeliveryError {
    const { message = 'not connected', remedy = 'Check url, network and the log of the broker.' } = this.#trouble ?? {}
    return new DeliveryError('DELIVERY_UNREACHABLE', `${this.#url}: ${message}`, { remedy, ...(cause !== undefined && { cause }) }) // prettier-ignore
  }
}
