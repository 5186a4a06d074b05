import type { DeadReason } from '../../../agent/core/index.ts'
import { at, isObject } from './path.ts'

/** Stands between the name of an item and that of a field in it; no name holds it. */
export const itemEnd = '\u0001'

/** One named value of a list. */
export interface NamedItem {
  readonly name: string
  /** Undefined or null: it is missing. */
  readonly value: unknown
  /** As the payload has it. */
  readonly time?: unknown
  /** As a number of ms since epoch, where the format says how it counts; goes before `time`. */
  readonly at?: number | undefined
  readonly quality?: unknown
  readonly unit?: unknown
}

/** Where a reader of lists puts what it finds. */
export interface ItemReceiver {
  /** The arrival, ms since epoch. */
  readonly now: number
  item(item: NamedItem): void
  reject(reason: DeadReason, detail: string): void
}

/** Reads the named values of a payload; false, with nothing received, where the payload is none of its kind. */
export type ItemReader = (root: unknown, receiver: ItemReceiver) => boolean

/** A rule of the configuration: where the list is, and what in each item is what. */
export interface ItemRule {
  /** Path of the list, or of an object whose keys are the names; absent: the payload itself. */
  readonly list?: string | undefined
  /** Absent: the keys of the object at `list`. */
  readonly name?: string | undefined
  readonly value?: string | undefined
  readonly time?: string | undefined
  readonly quality?: string | undefined
  readonly unit?: string | undefined
  /** What separates the levels of a name, besides `/`. */
  readonly separator?: string | undefined
  /** What names begin with and is left out. */
  readonly strip?: string | undefined
}

/** The reader of a rule. */
export function ruleReader(rule: ItemRule): ItemReader {
  const { list, name, value, separator, strip } = rule
  const pick = (item: unknown, path: string | undefined) => (path === undefined ? undefined : at(item, path))
  const read = (item: unknown, key: string | undefined, receiver: ItemReceiver) => {
    const raw = name === undefined ? key : at(item, name)
    if (typeof raw !== 'string' && typeof raw !== 'number') {
      receiver.reject(
        'unmapped',
        `an item without ${name === undefined ? 'a name' : `"${name}"`}; see items of the topic`,
      )
      return
    }
    receiver.item({
      name: levels(String(raw), separator, strip),
      // An item that is no object is its own value.
      value: value === undefined || !isObject(item) ? item : (at(item, value) ?? null),
      time: pick(item, rule.time),
      quality: pick(item, rule.quality),
      unit: pick(item, rule.unit),
    })
  }
  return (root, receiver) => {
    const found = list === undefined ? root : at(root, list)
    if (Array.isArray(found)) for (const item of found) read(item, undefined, receiver)
    else if (isObject(found) && name === undefined)
      for (const key of Object.keys(found)) read(found[key], key, receiver)
    else if (isObject(found)) read(found, undefined, receiver)
    else receiver.reject('unmapped', `no list at "${list ?? ''}"; see items of the topic`)
    return true
  }
}

/** A name as levels of a tag: what separates them becomes `/`, once each. */
export function levels(name: string, separator?: string, strip?: string): string {
  // A name is checked for its length where it becomes a tag; what is done to it before must not cost more.
  const own = strip !== undefined && name.startsWith(strip) ? name.slice(strip.length) : name
  const parts = separator === undefined ? own : own.replaceAll(separator, '/')
  return parts
    .slice(0, 1_000)
    .replace(/\/{2,}/g, '/')
    .replace(/^\//, '')
    .replace(/\/$/, '')
}
