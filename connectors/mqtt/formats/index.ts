import { isUtf8 } from 'node:buffer'
import { cborFormat } from './cbor.ts'
import type { Decode, FormatOptions } from './contract.ts'
import { jsonFormat } from './json.ts'
import { lineFormat, looksLikeLine } from './line.ts'
import { numberFormat, textFormat } from './plain.ts'

export type { Decode, FormatOptions, Receiver } from './contract.ts'
export { parseLineField } from './line.ts'
export { timeUnits, type TimeUnit } from './times.ts'

export const formatNames = ['auto', 'json', 'number', 'text', 'line', 'cbor'] as const
export type FormatName = (typeof formatNames)[number]

/** The reader of payloads in a format. */
export function createFormat(name: FormatName, options: FormatOptions): Decode {
  switch (name) {
    case 'json':
      return jsonFormat(options)
    case 'number':
      return numberFormat(options)
    case 'text':
      return textFormat()
    case 'line':
      return lineFormat(options)
    case 'cbor':
      return cborFormat(options)
    case 'auto':
      return autoFormat(options)
  }
}

/**
 * Tells the format by the first bytes: `{`, `[` and `"` begin JSON, as do `true`, `false`, `null`; a number is a number;
 * bytes that cannot begin text are CBOR; `name field=` begins line protocol; the rest is text.
 */
function autoFormat(options: FormatOptions): Decode {
  const json = jsonFormat(options)
  const number = numberFormat(options)
  const text = textFormat()
  const line = lineFormat(options)
  const cbor = cborFormat(options)
  return (bytes, start, end, receiver) => {
    let at = start
    while (at < end && bytes[at] <= 0x20) at++
    if (at === end) {
      receiver.reject('empty', 'a payload of blanks')
      return
    }
    const first = bytes[at]
    if (first === 0x7b || first === 0x5b || first === 0x22) {
      json(bytes, at, end, receiver)
      return
    }
    if ((first >= 0x80 && first <= 0xc1) || first >= 0xf5) {
      cbor(bytes, start, end, receiver)
      return
    }
    const beginning = bytes.toString('latin1', at, Math.min(end, at + 512)).trimEnd()
    if (/^(?:true|false|null)$/.test(beginning)) {
      json(bytes, at, end, receiver)
      return
    }
    if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(beginning)) {
      number(bytes, at, end, receiver)
      return
    }
    if (looksLikeLine(beginning)) {
      line(bytes, at, end, receiver)
      return
    }
    if (first >= 0xc2 && !isUtf8(bytes.subarray(at, end))) {
      cbor(bytes, start, end, receiver)
      return
    }
    text(bytes, at, end, receiver)
  }
}
