import type { NodeId, Variant } from 'node-opcua-client'
import type { DeadLetter, DeadReason, JournalEvent, LabelEvent, ReportEvent } from '../../agent/core/index.ts'
import { Labels } from './event-labels.ts'
import { anyText, nameOf, type Match } from './match.ts'
import type { EventSettings } from './settings.ts'
import { TimePicker } from './times.ts'
import { textOf } from './values.ts'

/** What is asked of an event, in this order; `null` is the condition's own node. */
export const eventPaths = [
  'EventId',
  'EventType',
  'SourceName',
  'Time',
  'ReceiveTime',
  'Message',
  'Severity',
  'ConditionName',
  'BranchId',
  'ActiveState/Id',
  'ActiveState/TransitionTime',
  'AckedState/Id',
  'ConfirmedState/Id',
  null,
] as const

/** Client handles of event items: above all those of values. */
const firstHandle = 0x4000_0000
/** Events that are remembered, so that one that is sent again is stored once. */
const mostRemembered = 10_000
const longestText = 65_536
const longestName = 1_000
const payloadBytes = 200

/** An entry of the settings with its patterns. */
interface Entry {
  readonly settings: EventSettings
  readonly origin: Match
  readonly labels: Labels
  /** Active alarms that were taken. */
  readonly alarms: Set<string>
}

/** An event that cannot be understood, and why. */
class Unusable extends Error {
  readonly reason: DeadReason

  constructor(reason: DeadReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** Turns events of a server into events of assets, labels and dead letters. */
export class Reports {
  /** Nodes whose events are wanted; the handle of each is its place here. */
  readonly nodes: readonly string[]
  /** Why the server does not give the events of a node, in words. */
  readonly refusals = new Map<string, string>()
  /** The server wants to be asked for the conditions that hold. */
  isRefreshDue = false
  /** Name of an event type by its node id, as the connected server has it. */
  kindOf: (type: unknown) => string = String
  readonly #source: string
  readonly #entries: readonly Entry[]
  readonly #picker = new TimePicker()
  readonly #seen = new Map<string, LabelEvent | undefined>()
  #events: JournalEvent[] = []
  #letters: DeadLetter[] = []
  #newest = -Infinity

  constructor(source: string, settings: readonly EventSettings[]) {
    this.#source = source
    this.nodes = [...new Set(settings.map(({ node }) => node))]
    this.#entries = settings.map((entry) => ({
      settings: entry,
      origin: anyText(entry.origin),
      labels: new Labels(source, entry.labels),
      alarms: new Set(),
    }))
  }

  /** Client handle of the events of a node. */
  handleOf(node: string): number {
    return firstHandle + this.nodes.indexOf(node)
  }

  /** Takes an event; false where it is not of a node whose events are wanted. `again`: it could not be stored before. */
  add(handle: number, fields: readonly Variant[] | null, arrival: number, again: boolean): boolean {
    const node = this.nodes.at(handle - firstHandle)
    if (handle < firstHandle || node === undefined) return false
    const values = (fields ?? []).map(({ value }) => value as unknown)
    try {
      this.#take(node, values, arrival, again)
    } catch (error) {
      if (!(error instanceof Unusable)) throw error
      this.#reject(node, values, error, arrival)
    }
    return true
  }

  /** Conditions that are active are told anew with each new subscription: what was known of them may be past. */
  forget(): void {
    for (const { labels } of this.#entries) labels.forget()
  }

  /** Events and labels since the last time. */
  take(): JournalEvent[] {
    const events = this.#events
    if (events.length > 0) this.#events = []
    return events
  }

  takeLetters(): DeadLetter[] {
    const letters = this.#letters
    if (letters.length > 0) this.#letters = []
    return letters
  }

  #take(node: string, values: readonly unknown[], arrival: number, again: boolean): void {
    const [id, type, origin, time, received, message, severity, name, branch, active, since, acked, confirmed, condition] = values // prettier-ignore
    if (type === null || type === undefined) throw new Unusable('malformed', 'the event has no type')
    const kind = this.kindOf(type)
    const happened = this.#picker.pick(stamp(time, received), arrival)
    if (kind === 'RefreshRequiredEventType') this.isRefreshDue = true
    if (kind === 'EventQueueOverflowEventType') this.#overflow(happened)
    if (/^Refresh(Start|End|Required)EventType$|^EventQueueOverflowEventType$/.test(kind)) return
    const from = text(origin, 'name of a source', longestName)
    const alarm = `${shown(condition)}\n${from}\n${String(name)}`
    const entry = this.#entries.find(({ settings, origin: match, alarms }) => {
      // The end of an alarm is less severe than its beginning.
      const isEnd = active === false && alarms.has(alarm)
      return settings.node === node && match.fit(from) && (isEnd || !(Number(severity) < settings.severity))
    })
    if (!entry) return
    if (active === true) remember(entry.alarms, alarm)
    else entry.alarms.delete(alarm)
    const report: ReportEvent = {
      type: 'report',
      time: happened,
      source: this.#source,
      asset: assetOf(entry, from),
      id: idOf(id),
      kind,
      origin: from,
      message: text(message, 'message', longestText),
      severity: severityOf(severity),
      ...(typeof name === 'string' && name !== '' && { alarm: name }),
      ...states({ active, acknowledged: acked, confirmed }),
    }
    this.#newest = Math.max(this.#newest, happened)
    // Some servers give an alarm's state another id where they tell it again.
    const { active: on, acknowledged, confirmed: seen } = report
    const state = [alarm, happened, on, acknowledged, seen, report.message].join('\n')
    this.#record(report, report.alarm === undefined ? report.id : state, again, () => {
      // A branch is an earlier state that somebody has yet to acknowledge: it says nothing about now.
      if (isNode(branch)) return undefined
      return entry.labels.take(report, shown(condition), sinceOf(since, happened))
    })
  }

  /** `key`: what is the same where it is told again. */
  #record(report: ReportEvent, key: string, again: boolean, labelOf: () => LabelEvent | undefined): void {
    const isKnown = this.#seen.has(key)
    const label = isKnown ? this.#seen.get(key) : labelOf()
    // What holds is told again after a loss: it begins anew for the labels, and is stored already.
    if (isKnown && !again) {
      labelOf()
      return
    }
    this.#seen.set(key, label)
    if (this.#seen.size > mostRemembered) this.#seen.delete(this.#seen.keys().next().value!)
    this.#events.push(report, ...(label ? [label] : []))
  }

  #overflow(to: number): void {
    const detail = "events are missing: the server's queue for them overflowed"
    const from = Math.min(this.#newest === -Infinity ? to : this.#newest, to)
    this.#events.push({ type: 'gap', time: to, source: this.#source, from, to, detail })
  }

  #reject(node: string, values: readonly unknown[], { reason, message }: Unusable, time: number): void {
    const named = Object.fromEntries(eventPaths.map((path, i) => [path ?? 'ConditionId', shown(values.at(i)).slice(0, payloadBytes)])) // prettier-ignore
    const payload = Buffer.from(JSON.stringify(named))
    const known = this.#letters.find(({ subject, detail }) => subject === node && detail === message)
    const rows = (known?.rows ?? 0) + 1
    const others = this.#letters.filter((letter) => letter !== known)
    const letter = { time, origin: this.#source, reason, detail: message, subject: node, rows }
    this.#letters = [...others, { ...letter, payload: payload.subarray(0, payloadBytes), size: payload.length }]
  }
}

function remember(alarms: Set<string>, alarm: string): void {
  alarms.add(alarm)
  if (alarms.size > mostRemembered) alarms.delete(alarms.keys().next().value!)
}

function idOf(id: unknown): string {
  if (id instanceof Uint8Array && id.length > 0 && id.length <= 256) return Buffer.from(id).toString('hex')
  throw new Unusable('malformed', id instanceof Uint8Array && id.length > 0 ? 'the id of the event is longer than 256 bytes' : 'the event has no id') // prettier-ignore
}

function text(value: unknown, what: string, longest: number): string {
  const found = value === null || value === undefined ? '' : textOf(value)
  if (found.length > longest) throw new Unusable('oversized', `the ${what} has ${found.length} characters; at most ${longest}`) // prettier-ignore
  return found
}

function severityOf(severity: unknown): number {
  if (typeof severity === 'number' && Number.isInteger(severity) && severity >= 0 && severity <= 1_000) return severity
  throw new Unusable('value', `the severity ${String(severity)} is none of 0 to 1000`)
}

function assetOf({ settings, origin }: Entry, from: string): string {
  const name = nameOf(settings.asset, new Map([...origin.fit(from)!, ['origin', from]]))
  if (name === '') throw new Unusable('unmapped', 'the event names no source, and so no asset')
  return name
}

function states(given: Readonly<Record<'active' | 'acknowledged' | 'confirmed', unknown>>): Partial<ReportEvent> {
  return Object.fromEntries(Object.entries(given).filter(([, state]) => typeof state === 'boolean'))
}

function stamp(time: unknown, received: unknown) {
  const date = (value: unknown) => (value instanceof Date ? value : null)
  return { sourceTimestamp: date(time), serverTimestamp: date(received), sourcePicoseconds: 0, serverPicoseconds: 0 }
}

/** Since when a condition is as it is; its last event came later where somebody has acknowledged it since. */
function sinceOf(since: unknown, time: number): number | undefined {
  const at = since instanceof Date ? since.getTime() : NaN
  return at > Date.UTC(2000, 0, 1) && at <= time ? at : undefined
}

/** A field as a text; none is empty. */
function shown(value: unknown): string {
  return value === null || value === undefined ? '' : (value as NodeId).toString()
}

function isNode(id: unknown): boolean {
  return id !== null && id !== undefined && !/^(ns=0;)?i=0$/.test(shown(id))
}
