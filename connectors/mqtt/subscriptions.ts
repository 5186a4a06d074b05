import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ISubscriptionMap, MqttClient } from 'mqtt'
import { covers } from './patterns.ts'
import { reasonOf } from './reasons.ts'
import type { MqttSettings } from './settings.ts'

/** Begins the words for what the broker grants less of; asking again changes nothing. */
const lowered = 'granted with'

/** What is to be subscribed, and how. */
export interface Wanted extends Pick<MqttSettings, 'version' | 'qos' | 'reconnect'> {
  readonly topics?: readonly { readonly filter: string; readonly qos?: MqttSettings['qos'] | undefined }[] | undefined
}

/**
 * Keeps the subscriptions of a connection. They are made at the first connection of a process and whenever the broker
 * has lost the session; filters that a former configuration left in the session are removed; refused ones are tried again.
 */
export class Subscriptions {
  readonly #settings: Wanted
  readonly #file: string | undefined
  readonly #changed: (refused: Readonly<Record<string, string>>) => void
  readonly #wanted: ISubscriptionMap = {}
  #refused: Record<string, string> = {}
  #made = false
  #timer: NodeJS.Timeout | undefined

  /**
   * `file` remembers the filters of a session that outlives the process; undefined for one that does not. `changed` is told
   * the refused filters, with the broker's reason, each time the broker has answered.
   */
  constructor(
    settings: Wanted,
    file: string | undefined,
    changed: (refused: Readonly<Record<string, string>>) => void,
  ) {
    this.#settings = settings
    this.#file = file
    this.#changed = changed
    for (const { filter, qos = settings.qos } of settings.topics ?? []) {
      const known = Object.hasOwn(this.#wanted, filter) ? this.#wanted[filter].qos : 0
      // rh 1: retained messages come with a new subscription only, not each time it is renewed.
      this.#wanted[filter] = { qos: qos > known ? qos : known, ...(settings.version === 5 && { rh: 1 }) }
    }
    this.#withoutCovered()
  }

  /** A filter that another covers brings nothing new: some brokers send each message once for either. */
  #withoutCovered(): void {
    for (const narrow of Object.keys(this.#wanted)) {
      const wide = Object.keys(this.#wanted).find((filter) => filter !== narrow && covers(filter, narrow))
      if (wide === undefined) continue
      const { qos } = this.#wanted[narrow]
      if (qos > this.#wanted[wide].qos) this.#wanted[wide] = { ...this.#wanted[wide], qos }
      Reflect.deleteProperty(this.#wanted, narrow)
    }
  }

  start(client: MqttClient, sessionPresent: boolean): void {
    if (sessionPresent && this.#made && Object.keys(this.#refused).length === 0) {
      this.#changed({})
      return
    }
    if (sessionPresent && !this.#made) this.#removeFormer(client)
    this.#refused = {}
    this.#subscribe(client, { ...this.#wanted })
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #subscribe(client: MqttClient, wanted: ISubscriptionMap): void {
    client.subscribe(wanted, (error, made, packet) => {
      // Without an answer the connection broke; the next one subscribes again.
      if (!packet || !client.connected) return
      const subscriptions = made ?? []
      for (const [index, { topic }] of subscriptions.entries()) {
        const code = Number(packet.granted[index])
        if (code >= 0x80) this.#refused[topic] = reasonOf(code).message
        else if (code < this.#wanted[topic].qos) this.#refused[topic] = `${lowered} QoS ${code} only`
        else this.#refused = Object.fromEntries(Object.entries(this.#refused).filter(([key]) => key !== topic))
      }
      if (!error) this.#remember()
      this.#changed(this.#refused)
      this.#retry(client)
    })
  }

  #retry(client: MqttClient): void {
    const refused = Object.keys(this.#refused).filter((filter) => !this.#refused[filter].startsWith(lowered))
    if (refused.length === 0) return
    const again = Object.fromEntries(refused.map((filter) => [filter, this.#wanted[filter]]))
    this.#timer = setTimeout(() => this.#subscribe(client, again), this.#settings.reconnect.longest)
  }

  #remember(): void {
    this.#made = true
    if (this.#file === undefined) return
    try {
      mkdirSync(dirname(this.#file), { recursive: true })
      writeFileSync(this.#file, JSON.stringify(Object.keys(this.#wanted)))
    } catch {
      // Only tidiness depends on it: old filters stay in the session until it expires.
    }
  }

  #removeFormer(client: MqttClient): void {
    if (this.#file === undefined) return
    let former: unknown
    try {
      former = JSON.parse(readFileSync(this.#file, 'utf8'))
    } catch {
      return
    }
    if (!Array.isArray(former)) return
    const gone = former.filter((filter) => typeof filter === 'string' && !Object.hasOwn(this.#wanted, filter))
    if (gone.length > 0) client.unsubscribe(gone as string[])
  }
}
