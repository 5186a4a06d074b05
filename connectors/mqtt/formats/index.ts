import { isUtf8 } from 'node:buffer'
import { cborFormat } from './cbor.ts'
import type { Decode, FormatOptions } from './contract.ts'
import { jsonFormat } from './json.ts'
import { labelsFormat } from './labels.ts'
import { lineFormat, looksLikeLine } from './line.ts'
import { ordersFormat } from './orders.ts'
import { looksLikePairs, pairsFormat } from './pairs.ts'
import { binaryFormat, numberFormat, textFormat } from './plain.ts'

export type { Decode, FormatOptions, Receiver } from './contract.ts'
export { parseLineField } from './line.ts'
export { binaryReader, binaryTypes, encodings, type BinaryValue } from './binary.ts'
export { itemEnd, type ItemReader, ruleReader } from './items.ts'
export { presetNames, presets, type PresetName } from './presets.ts'

export const formatNames = ['auto', 'json', 'number', 'text', 'line', 'pairs', 'cbor', 'labels', 'orders'] as const
export type FormatName = (typeof formatNames)[number]
/** Formats of samples, which can be told by their first bytes. */
export type SampleFormat = Exclude<FormatName, 'auto' | 'labels' | 'orders'>

/** The reader of payloads in a format. */
export function createFormat(name: FormatName, options: FormatOptions): Decode {
  const { binary, values, items } = options
  // With a path to it, what holds the bytes is in JSON or CBOR.
  if (binary && !values && !items) return binaryFormat(binary)
  return withoutMark(readerOf(name, options))
}

/** Files of Windows begin with a mark of their encoding, and so do payloads that were made from them. */
function withoutMark(read: Decode): Decode {
  return (bytes, start, end, receiver) => {
    const marked = bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf && start + 3 <= end
    read(bytes, marked ? start + 3 : start, end, receiver)
  }
}

function readerOf(name: FormatName, options: FormatOptions): Decode {
  switch (name) {
    case 'json':
      return jsonFormat(options)
    case 'number':
      return numberFormat(options)
    case 'text':
      return textFormat()
    case 'line':
      return lineFormat(options)
    case 'pairs':
      return pairsFormat(options)
    case 'cbor':
      return cborFormat(options)
    case 'labels':
      return labelsFormat()
    case 'orders':
      return ordersFormat()
    case 'auto':
      return autoFormat(options)
  }
}

/** Tells the format of each payload by its first bytes. */
function autoFormat(options: FormatOptions): Decode {
  const readers = {
    json: jsonFormat(options),
    number: numberFormat(options),
    text: textFormat(),
    line: lineFormat(options),
    pairs: pairsFormat(options),
    cbor: cborFormat(options),
  }
  return (bytes, start, end, receiver) => {
    const format = tellFormat(bytes, start, end)
    if (format === undefined) {
      receiver.reject('empty', 'a payload of blanks')
      return
    }
    // Blanks before a text are none of it; in CBOR there are no blanks.
    let at = start
    if (format !== 'cbor') while (bytes[at] <= 0x20) at++
    readers[format](bytes, at, end, receiver)
  }
}

/**
 * The format of a payload by its first bytes: `{`, `[` and `"` begin JSON, as do `true`, `false`, `null`; a number is a
 * number; bytes that cannot begin text are CBOR; `name field=` begins line protocol, `name=value` pairs; the rest is text.
 * Undefined where there are only blanks.
 */
export function tellFormat(bytes: Buffer, start: number, end: number): SampleFormat | undefined {
  let at = start
  while (at < end && bytes[at] <= 0x20) at++
  if (at === end) return undefined
  const first = bytes[at]
  if (first === 0x7b || first === 0x5b || first === 0x22) return 'json'
  if ((first >= 0x80 && first <= 0xc1) || first >= 0xf5) return 'cbor'
  const beginning = bytes.toString('latin1', at, Math.min(end, at + 512)).trimEnd()
  if (/^(?:true|false|null)$/.test(beginning)) return 'json'
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(beginning)) return 'number'
  if (looksLikeLine(beginning)) return 'line'
  if (looksLikePairs(beginning)) return 'pairs'
  return first >= 0xc2 && !isUtf8(bytes.subarray(at, end)) ? 'cbor' : 'text'
}
