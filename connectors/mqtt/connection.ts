import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'
import type * as Mqtt from 'mqtt'
import type { IClientOptions, IConnackPacket, MqttClient } from 'mqtt'
import { later } from '../../agent/core/index.ts'
import type { BrokerSettings } from './broker-settings.ts'
import { limitsOf } from './limits.ts'
import { type Trouble, troubleOf } from './reasons.ts'
import { openStream } from './transport.ts'

const require = createRequire(import.meta.url)
const library = later(() => require('mqtt') as typeof Mqtt)

/** What differs between the connections of source, sink and images. */
export interface Role {
  readonly clientId: string
  readonly clean: boolean
  /** How long the broker keeps a session that is not clean, ms. */
  readonly sessionExpiry?: number
  readonly will?: IClientOptions['will']
  /** Messages that are published at a time. */
  readonly inFlight?: number
  /** Puts something between the socket and mqtt.js. */
  wrap?(socket: Duplex): Duplex
  /** The broker has accepted; `session`: it remembers this client. */
  up(client: MqttClient, session: boolean, limits: readonly string[]): void
  /** The connection is gone, or was never made. */
  down(trouble: Trouble): void
}

/** Reason code: retain not supported. */
const retainRefused = 154
/** A connection that held that long was a good one: the next wait is the first again. */
const goodAfter = 10_000

/**
 * Connects to the broker and connects again for ever, with growing waits and jitter. It alone decides that: each try has
 * an mqtt.js client of its own, which does not reconnect, so nothing of a broken connection lives on in the next.
 */
export class Connection {
  readonly #settings: BrokerSettings
  readonly #role: Role
  #client: MqttClient | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #accepted = 0
  #wanted = false
  #isUp = false
  /** False once the broker has refused a will that is to be retained. */
  #retains = true

  constructor(settings: BrokerSettings, role: Role) {
    this.#settings = settings
    this.#role = role
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** True from `open` until the first try has succeeded or failed, and while a later one runs. */
  get isTrying(): boolean {
    return this.#client !== undefined && !this.#isUp
  }

  open(): void {
    this.#wanted = true
    this.#try()
  }

  /** Does not connect again once this connection has ended. */
  letEnd(): void {
    this.#wanted = false
    clearTimeout(this.#timer)
  }

  /** Says goodbye to the broker, which then sends no will. Resolves when the connection is closed. */
  async close(): Promise<void> {
    this.letEnd()
    const client = this.#client
    if (!client) return
    const force = !this.#isUp
    this.#isUp = false
    // A broker that is stuck must not hold up the end of the agent.
    const limit = setTimeout(() => client.stream.destroy(), 1_000)
    await client.endAsync(force)
    clearTimeout(limit)
  }

  /** Breaks the connection, for a broker to send again what was not acknowledged. The wait grows as with any failure. */
  interrupt(reason: Error): void {
    this.#client?.stream.destroy(reason)
  }

  #try(): void {
    const settings = this.#settings
    let cause: unknown
    let ended = false
    const end = (client: MqttClient | undefined) => {
      if (ended) return
      ended = true
      this.#ended(client, cause)
    }
    const dial = (client: MqttClient) => {
      const socket = openStream(settings, client)
      const stream = guarded(this.#role.wrap?.(socket) ?? socket)
      stream.on('error', (error) => (cause ??= error))
      return stream
    }
    let client: MqttClient
    try {
      client = new (library().MqttClient)(dial, this.#options())
    } catch (error) {
      cause = error
      end(undefined)
      return
    }
    this.#client = client
    client.on('connect', (packet) => this.#up(client, packet))
    client.on('error', (error) => (cause ??= error))
    // The broker's own word says more than how the socket ended.
    client.on('disconnect', ({ reasonCode }) => {
      if (typeof reasonCode === 'number') cause = Object.assign(new Error('disconnected'), { code: reasonCode })
    })
    client.on('close', () => end(client))
  }

  #options(): IClientOptions {
    const settings = this.#settings
    const { clientId, clean, sessionExpiry = 0, will } = this.#role
    const version = settings.version
    const expiry = clean ? 0 : Math.min(Math.round(sessionExpiry / 1_000), 0xffff_ffff)
    return {
      protocolVersion: version,
      clientId,
      clean,
      keepalive: Math.min(Math.max(1, Math.round(settings.keepalive / 1_000)), 65_535),
      connectTimeout: settings.connect_timeout,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      ...(settings.username !== undefined && { username: settings.username }),
      ...((settings.password ?? settings.password_file) && {
        // At each connection: whoever changes the password writes the file, and restarts nothing.
        password: (settings.password ?? settings.password_file)!.current(),
      }),
      ...(will && { will: { ...will, retain: this.#retains && will.retain === true } }),
      ...(version === 5 && { properties: { sessionExpiryInterval: expiry } }),
    }
  }

  #up(client: MqttClient, packet: IConnackPacket): void {
    if (this.#client !== client || !this.#wanted) return
    this.#isUp = true
    this.#accepted = Date.now()
    const { clean, sessionExpiry, will } = this.#role
    const { inFlight = 0 } = this.#role
    const asked = { keepalive: this.#settings.keepalive, retain: will !== undefined, inFlight }
    const limits = limitsOf(packet, { ...asked, sessionExpiry: clean ? undefined : sessionExpiry })
    this.#role.up(client, packet.sessionPresent, limits)
  }

  #ended(client: MqttClient | undefined, cause: unknown): void {
    if (this.#client !== client) return
    const wasUp = this.#isUp
    if (wasUp && Date.now() - this.#accepted > goodAfter) this.#failures = 0
    this.#isUp = false
    this.#client = undefined
    if ((cause as { code?: unknown } | undefined)?.code === retainRefused) this.#retains = false
    if (!this.#wanted) return
    const { first, longest } = this.#settings.reconnect
    const wait = Math.min(first * 2 ** Math.min(this.#failures++, 30), longest) * (0.5 + Math.random() / 2)
    this.#timer = setTimeout(() => this.#try(), wait)
    this.#role.down(troubleOf(cause, wasUp))
  }
}

/**
 * mqtt.js answers a broken packet of the broker (a PUBREL without an id) by writing what cannot be written; the stream throws
 * at it, far from anybody who could catch it. Here that ends the connection instead.
 */
function guarded(stream: Duplex): Duplex {
  const write = stream.write.bind(stream) as (...words: unknown[]) => boolean
  stream.write = (...words: unknown[]) => {
    try {
      return write(...words)
    } catch (cause) {
      stream.destroy(Object.assign(new Error('the broker sent a broken packet', { cause }), { code: 'EPROTO' }))
      return false
    }
  }
  return stream
}
