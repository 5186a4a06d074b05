import { isUtf8 } from 'node:buffer'
import { mostDigits, Quality, readNumber } from '../../../agent/core/index.ts'
import type { BinaryReader } from './binary.ts'
import type { Decode, FormatOptions } from './contract.ts'
import { show } from './show.ts'

/** One number as text, `12.5`. */
export function numberFormat(options: FormatOptions): Decode {
  return (bytes, start, end, receiver) => {
    if (end - start > mostDigits) {
      receiver.reject('value', `a number of ${end - start} characters`)
      return
    }
    const text = bytes.toString('latin1', start, end).trim()
    if (text === '') {
      receiver.reject('empty', 'an empty payload')
      return
    }
    if (/^[+-]?(?:inf(?:inity)?|nan)$/i.test(text)) {
      receiver.absent('', Number.NaN)
      return
    }
    const value = readNumber(text, options.mark)
    if (value === undefined) receiver.reject('malformed', `${show(text)} is no number${hint(options)}`)
    else if (options.exactIntegers && /^[+-]?\d{16,}$/.test(text)) receiver.text('', Number.NaN, text, Quality.good)
    else receiver.number('', Number.NaN, value, Quality.good)
  }
}

function hint({ mark }: FormatOptions): string {
  return mark === undefined ? ' with a decimal point; for others set decimal' : ` with decimal: "${mark}"`
}

/** The payload is the value, a text in UTF-8; with `decode`, one in which bytes are written. */
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

/** Numbers in the bytes of the payload, or in those that it writes as hexadecimal or base64. */
export function binaryFormat(reader: BinaryReader): Decode {
  return (bytes, start, end, receiver) => {
    const payload = bytes.subarray(start, end)
    const data = reader.from === 'binary' ? payload : payload.toString('latin1')
    reader.read(data, '', Number.NaN, Quality.good, receiver)
  }
}
