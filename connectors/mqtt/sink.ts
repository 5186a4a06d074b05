import type { MqttClient } from 'mqtt'
import {
  type ConnectorContext,
  DeliveryError,
  type Entry,
  type Rejection,
  type Sink,
  type Status,
  expressed,
} from '../../agent/core/index.ts'
import { Connection } from './connection.ts'
import { type Publication, Publisher, type StatusMessage } from './publications.ts'
import { reasonOf, type Trouble } from './reasons.ts'
import type { MqttSettings, PublishSettings } from './settings.ts'

/** Messages under way at a time, where the broker does not ask for fewer. */
const mostInFlight = 100
/** Bytes of a packet around topic and payload, at most. */
const packetOverhead = 16
/** Topic name invalid, packet too large, payload format invalid: the broker will never take such a message. */
const never = new Set([144, 149, 153])
/** Not authorized: somebody has to change the rules of the broker. */
const denied = new Set([134, 135])
const remedy = 'Check url, network and the log of the broker.'

/**
 * Publishes results; connects with the first write. `write` resolves when the broker has acknowledged all, and rejects
 * with a DeliveryError when it is not connected or the connection breaks: nothing waits inside the client.
 */
export class MqttSink implements Sink {
  readonly #context: ConnectorContext
  readonly #settings: MqttSettings
  readonly #publisher: Publisher
  readonly #connection: Connection
  #client: MqttClient | undefined
  #trouble: Trouble | undefined
  #opened = false
  /** Told when a try to connect has ended, and when the connection breaks. */
  readonly #waiting = new Set<() => void>()

  constructor(settings: MqttSettings, publish: PublishSettings, context: ConnectorContext) {
    this.#context = context
    this.#settings = settings
    this.#publisher = new Publisher(publish, context.site)
    const offline: StatusMessage = { state: 'offline', site: context.site }
    this.#connection = new Connection(settings, {
      clientId: `${settings.client_id ?? `millwright-${context.site}-${context.name}`}-out`,
      clean: true,
      inFlight: mostInFlight,
      will: {
        topic: this.#publisher.statusTopic,
        payload: Buffer.from(JSON.stringify(offline)),
        qos: 1,
        retain: true,
      },
      up: (client, _, limits) => this.#up(client, limits),
      down: (trouble) => this.#down(trouble),
    })
  }

  async write(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Rejection[]> {
    const publications = expressed(() => this.#publisher.publications(entries))
    if (publications.length === 0) return []
    const client = await this.#connected(signal)
    // What the broker does not answer would pile up in the client: the next try begins with a new one.
    const late = () => this.#connection.interrupt(this.#unreachable('the broker did not answer in time', signal.reason))
    signal.addEventListener('abort', late, { once: true })
    try {
      return await this.#publishAll(client, publications)
    } finally {
      signal.removeEventListener('abort', late)
    }
  }

  async #publishAll(client: MqttClient, publications: readonly Publication[]): Promise<Rejection[]> {
    const rejections: Rejection[] = []
    const queue = publications.values()
    const lane = async () => {
      for (const publication of queue) {
        const rejection = await this.#publish(client, publication)
        if (rejection) rejections.push(rejection)
      }
    }
    const lanes = Math.min(client.serverProperties?.receiveMaximum ?? mostInFlight, mostInFlight, publications.length)
    // The first failure ends the write; the other lanes fail with it, because the connection is theirs too.
    await Promise.all(Array.from({ length: lanes }, lane))
    return rejections
  }

  /** Says that the agent is offline, and disconnects. */
  async close(): Promise<void> {
    const client = this.#client
    if (client && this.#connection.isUp) {
      const offline: StatusMessage = { state: 'offline', site: this.#context.site, time: this.#now() }
      const told = this.#send(client, this.#publisher.statusTopic, JSON.stringify(offline), 1, true)
      await Promise.race([told, new Promise((resolve) => setTimeout(resolve, 1_000).unref())]).catch(() => undefined)
    }
    this.#client = undefined
    await this.#connection.close()
    this.#wake()
  }

  #up(client: MqttClient, limits: readonly string[]): void {
    this.#client = client
    this.#trouble = undefined
    const { site } = this.#context
    this.#report({ state: 'up', message: [`publishing to ${this.#settings.url}`, ...limits].join('; ') })
    // Before the birth message: whoever is told now waited for a connection, not for this message.
    this.#wake()
    const online: StatusMessage = { state: 'online', site, time: this.#now() }
    this.#send(client, this.#publisher.statusTopic, JSON.stringify(online), 1, true).catch((error: unknown) => {
      this.#context.log.warn({ error }, 'the broker did not take the birth message')
    })
  }

  #down(trouble: Trouble): void {
    this.#client = undefined
    this.#trouble = trouble
    this.#report({
      state: 'down',
      message: `${this.#settings.url}: ${trouble.message}`,
      remedy: trouble.remedy,
    })
    this.#wake()
  }

  /** A connector has one status. Where it is a source too, that one tells it: it is the same broker. */
  #report(status: Status): void {
    if (!this.#settings.topics) this.#context.report(status)
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const told of waiting) told()
  }

  /** The client, once connected; waits for a try that is under way, and for nothing else. */
  async #connected(signal: AbortSignal): Promise<MqttClient> {
    if (!this.#opened) {
      this.#opened = true
      this.#connection.open()
    }
    if (!this.#client && this.#connection.isTrying) {
      await new Promise<void>((resolve) => {
        const told = () => {
          signal.removeEventListener('abort', told)
          this.#waiting.delete(told)
          resolve()
        }
        this.#waiting.add(told)
        signal.addEventListener('abort', told)
      })
    }
    if (signal.aborted) throw this.#unreachable('gave up waiting for the broker', signal.reason)
    if (!this.#client) throw this.#unreachable(this.#trouble?.message ?? 'not connected')
    return this.#client
  }

  async #publish(client: MqttClient, publication: Publication): Promise<Rejection | undefined> {
    const { topic, payload, qos, retain, entry, row } = publication
    const size = Buffer.byteLength(topic) + Buffer.byteLength(payload) + packetOverhead
    const { maximumPacketSize = Infinity } = client.serverProperties ?? {}
    // mqtt.js would send it, and the broker break the connection at it: for ever.
    if (size > maximumPacketSize)
      return {
        ...{ entry, ...(row !== undefined && { row }) },
        detail: `${topic}: ${size} bytes; the broker takes packets of at most ${maximumPacketSize}`,
        remedy: reasonOf(149).remedy,
      }
    try {
      await this.#send(client, topic, payload, qos, retain)
    } catch (error) {
      const code = (error as { code?: unknown }).code
      if (typeof code !== 'number') throw error
      const { message, remedy } = reasonOf(code)
      if (never.has(code)) return { entry, ...(row !== undefined && { row }), detail: `${topic}: ${message}` }
      const kind = denied.has(code) ? 'DELIVERY_DENIED' : 'DELIVERY_BUSY'
      throw new DeliveryError(kind, `${topic}: ${message}`, { cause: error, remedy })
    }
    this.#publisher.published(publication)
    return undefined
  }

  /** Resolves when the broker has the message. mqtt.js tells nobody when the connection breaks, so that is done here. */
  #send(client: MqttClient, topic: string, payload: string, qos: 0 | 1 | 2, retain: boolean): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const broken = () => reject(this.#unreachable(this.#trouble?.message ?? 'the connection broke'))
      if (client !== this.#client || !client.connected) {
        broken()
        return
      }
      this.#waiting.add(broken)
      const kept = retain && client.serverProperties?.retainAvailable !== false
      client.publish(topic, payload, { qos, retain: kept }, (error) => {
        this.#waiting.delete(broken)
        if (error) reject(error)
        else resolve()
      })
    })
  }

  #unreachable(message: string, cause?: unknown): DeliveryError {
    const options = { remedy: this.#trouble?.remedy ?? remedy, ...(cause !== undefined && { cause }) }
    return new DeliveryError('DELIVERY_UNREACHABLE', `${this.#settings.url}: ${message}`, options)
  }

  #now(): string {
    return new Date(this.#context.clock.now()).toISOString()
  }
}
