import { type TagType, TimeReader } from '../../../agent/core/index.ts'
import { decodeCbor } from './cbor-decode.ts'
import type { FormatOptions, Receiver } from './contract.ts'
import { createFormat, tellFormat, type SampleFormat } from './index.ts'
import { type ItemRule, ruleReader } from './items.ts'
import { parseLoosely } from './json.ts'
import { listOf, nameKeyOf, presetOf, ruleOf } from './named.ts'
import { isObject } from './path.ts'
import { presets, type PresetName } from './presets.ts'

/** What a payload seems to be, and how it is best read. */
export interface Recognised {
  readonly format: SampleFormat
  /** What it holds, by field; the field `''` is the payload itself. */
  readonly fields: ReadonlyMap<string, TagType>
  /** Whether times in the payload are read. */
  readonly timed: boolean
  /** Path of the time, where it has an unusual name. */
  readonly timeField?: string
  /** Path of the value, where it is the only one and has an unusual name. */
  readonly valueField?: string
  /** The preset or rule by which its list of named values is read; its fields are then the items. */
  readonly preset?: PresetName
  readonly items?: ItemRule
  /** Why it cannot be read, or not all of it. */
  readonly problem?: string
}

const usual: FormatOptions = { times: new TimeReader(), maxDepth: 8, fieldwise: false, exactIntegers: false }
const timeName = /time|date|stamp|^ts$|^t$|^when$|^at$/i
const oneDay = 86_400_000
const year2000 = Date.UTC(2000, 0, 1)

/** Tells format, time and values of a payload. Undefined where it is empty. `now` is ms since epoch. */
export function recognise(payload: Buffer, now: number): Recognised | undefined {
  const format = tellFormat(payload, 0, payload.length)
  if (format === undefined) return undefined
  const read = (options: FormatOptions) => readFields(payload, format, options)
  const plain = read(usual)
  const root = format === 'json' || format === 'cbor' ? decode(payload, format) : undefined
  const list = named(root, plain.problem)
  if (list) return { format, ...read({ ...usual, items: list.reader }), ...list.said }
  if (plain.timed || !isObject(root)) return { format, ...plain }
  const timeField = Object.keys(root).find((key) => timeName.test(key) && isTime(root[key], now))
  if (timeField === undefined) return { format, ...plain, ...onlyValue(plain) }
  const timed = read({ ...usual, timeField })
  const fields = new Map([...timed.fields].filter(([field]) => field !== timeField))
  return { format, ...timed, fields, timeField, ...onlyValue({ ...timed, fields }) }
}

/** How the named values of a payload are read, where it has a preset or a list of them. */
function named(root: unknown, problem: string | undefined) {
  const preset = presetOf(root)
  if (preset !== undefined) return { reader: presets[preset].reader(), said: { preset } }
  if (problem === undefined) return undefined
  const found = listOf(root, usual.maxDepth)
  const item = found?.list.find((one) => nameKeyOf(one) !== undefined)
  if (!found || item === undefined) return undefined
  const items = ruleOf(item, found.path)
  return { reader: ruleReader(items), said: { items } }
}

/** `{"t": ..., "v": 1.5}`: its one number is the value, and needs no name. */
function onlyValue({ fields, timed }: Pick<Recognised, 'fields' | 'timed'>): { valueField?: string } {
  const numbers = [...fields].filter(([, type]) => type !== 'text')
  if (numbers.length !== 1 || numbers[0][0] === '' || !(timed || fields.size === 1)) return {}
  return /^(v|val|reading|measurement|data)$/i.test(numbers[0][0]) ? { valueField: numbers[0][0] } : {}
}

function readFields(payload: Buffer, format: Recognised['format'], options: FormatOptions) {
  const fields = new Map<string, TagType>()
  let timed = false
  let problem: string | undefined
  const note = (type: TagType) => (field: string, time: number) => {
    if (!fields.has(field)) fields.set(field, type)
    timed ||= !Number.isNaN(time)
  }
  const receiver: Receiver = {
    number: note('number'),
    integer: note('integer'),
    boolean: note('boolean'),
    text: note('text'),
    waveform: note('number'),
    absent: () => undefined,
    unit: () => true,
    same: () => true,
    sameBytes: () => true,
    label: () => undefined,
    order: () => undefined,
    reject: (_, detail, field) => (problem ??= field ? `${field}: ${detail}` : detail),
  }
  createFormat(format, options)(payload, 0, payload.length, receiver)
  return { fields, timed, ...(problem !== undefined && { problem }) }
}

function isTime(value: unknown, now: number): boolean {
  if (typeof value !== 'number' && typeof value !== 'string') return false
  const time = new TimeReader().read(value)
  return time !== undefined && time >= year2000 && time <= now + oneDay
}

function decode(payload: Buffer, format: 'json' | 'cbor'): unknown {
  try {
    return format === 'json' ? parseLoosely(payload.toString('utf8'), false) : decodeCbor(payload, usual.maxDepth)
  } catch {
    return undefined
  }
}
