import { isDeepStrictEqual } from 'node:util'
import type { DataValue } from 'node-opcua-client'
import type { TagType } from '../../agent/core/index.ts'

/** What a variant holds, by number of its built-in type (OPC UA Part 6). */
export type Kind = 'boolean' | 'integer' | 'int64' | 'uint64' | 'number' | 'text' | 'time' | 'status' | 'null' | 'other'

// prettier-ignore
const kinds: readonly Kind[] = [
  'null', 'boolean', 'integer', 'integer', 'integer', 'integer', 'integer', 'integer', 'int64', 'uint64',
  'number', 'number', 'text', 'time', 'text', 'other', 'text', 'text', 'text', 'status',
  'text', 'text', 'other', 'other', 'other', 'other',
]

/** The kind of a built-in type; `other` where it cannot become a sample. */
export function kindOf(dataType: number): Kind {
  return kinds[dataType] ?? 'other'
}

/** The type of tag that holds values of a kind. */
export function tagTypeOf(kind: Kind): TagType | undefined {
  if (kind === 'boolean' || kind === 'number' || kind === 'integer' || kind === 'text') return kind
  if (kind === 'int64' || kind === 'uint64' || kind === 'status') return 'integer'
  return kind === 'time' ? 'number' : undefined
}

/** Whether a tag of this type takes values of that kind without loss of meaning. `named`: the node's numbers have names. */
export function accepts(type: TagType, kind: Kind, toText: boolean): boolean {
  const natural = tagTypeOf(kind)
  if (natural === undefined) return false
  return natural === type || (type === 'number' && natural === 'integer') || (type === 'text' && toText)
}

/** A number where 64-bit integers of this size are exact as one, else a bigint. node-opcua has them as [high, low]. */
export function integer64(pair: readonly [number, number], signed: boolean): number | bigint {
  const low = pair[1] >>> 0
  const high = signed ? pair[0] | 0 : pair[0] >>> 0
  const value = high * 0x1_0000_0000 + low
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low)
}

/** The number of a scalar of the kinds boolean, integer, number, time and status; NaN where there is none. */
export function numberOf(kind: Kind, value: unknown): number {
  if (typeof value === 'number') return value
  if (kind === 'boolean') return value === true ? 1 : 0
  if (kind === 'time') return value instanceof Date ? value.getTime() : NaN
  if (kind === 'status') return (value as { readonly value: number }).value
  return NaN
}

/** A DateTime of 0 and one of the maximum mean that there is none (Part 6, 5.2.2.5). */
const firstDay = Date.UTC(1601, 0, 2)
const lastDay = Date.UTC(9999, 11, 31)

/** Whether a scalar says that there is no value. */
export function isNothing(kind: Kind, value: unknown): boolean {
  if (kind === 'null' || value === null || value === undefined) return true
  if (kind !== 'time' || !(value instanceof Date)) return false
  return !(value.getTime() >= firstDay && value.getTime() < lastDay)
}

/** Whether two values are the same: 64-bit integers, times, texts with a language and arrays by what is in them. */
export function isSameValue(one: unknown, other: unknown): boolean {
  return Object.is(one, other) || (typeof one === 'object' && isDeepStrictEqual(one, other))
}

/** The text of a scalar: of strings, localized texts, qualified names, GUIDs and node ids. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  const record = value as { readonly text?: string | null; readonly name?: string | null }
  if (record.text !== undefined) return record.text ?? ''
  if (record.name !== undefined) return record.name ?? ''
  return String(value)
}

/** Quality of a status code: its two highest bits, the reserved fourth value being bad. */
export function qualityOf(status: number): 0 | 1 | 2 {
  const severity = status >>> 30
  return severity === 0 ? 0 : severity === 1 ? 1 : 2
}

/** Whether the server dropped values before this one: info type DataValue with the overflow bit (Part 4, 7.39). */
export function isOverflow(status: number): boolean {
  return (status & 0x480) === 0x480
}

/** The elements of an array variant; undefined for scalars. A matrix is taken row by row. */
export function elementsOf(variant: DataValue['value']): ArrayLike<unknown> | undefined {
  const value = variant.value as unknown
  // arrayType: 0 scalar, 1 array, 2 matrix
  return (variant.arrayType as number) === 0 ? undefined : ((value as ArrayLike<unknown> | null) ?? [])
}
