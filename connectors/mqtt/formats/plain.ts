import { isUtf8 } from 'node:buffer'
import { Quality } from '../../../agent/core/index.ts'
import type { Decode, FormatOptions } from './contract.ts'
import { show } from './structure.ts'

/** One number as text, `12.5`. A payload of 100 bytes is no number. */
export function numberFormat(options: FormatOptions): Decode {
  return (bytes, start, end, receiver) => {
    const text = bytes.toString('latin1', start, Math.min(end, start + 100)).trim()
    if (text === '') {
      receiver.reject('empty', 'an empty payload')
      return
    }
    // Not finite ones too: the receiver says what is wrong with them.
    const value = /^[+-]?(?:inf(?:inity)?|nan)$/i.test(text) ? Number.NaN : decimal(text)
    if (value === undefined) {
      receiver.reject('malformed', `${show(text)} is no number`)
      return
    }
    if (options.exactIntegers && /^[+-]?\d{16,}$/.test(text)) receiver.text('', Number.NaN, text, Quality.good)
    else receiver.number('', Number.NaN, value, Quality.good)
  }
}

/** The payload is the value, a text in UTF-8. */
export function textFormat(): Decode {
  return (bytes, start, end, receiver) => {
    const payload = bytes.subarray(start, end)
    if (!isUtf8(payload)) {
      receiver.reject('malformed', 'not text in UTF-8')
      return
    }
    receiver.text('', Number.NaN, payload.toString('utf8'), Quality.good)
  }
}

/** A decimal number, blanks around it removed already; undefined where the text is none. */
export function decimal(text: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined
}
