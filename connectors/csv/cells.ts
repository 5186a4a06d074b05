import { mostDigits } from '../../agent/core/index.ts'

/** Powers of ten that a double holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

const numeral = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/**
 * The number in a cell, NaN where it is none. Up to 15 digits are read without making a string: digits and power of ten
 * are then exact doubles, so their quotient is rounded once, to the same bits as `Number` (W. D. Clinger 1990, "How to
 * read floating point numbers accurately"). Anything else goes through `Number`.
 */
export function readNumber(bytes: Buffer, from: number, to: number, decimal: number): number {
  let at = from
  const first = bytes[at]
  if (first === 0x2d || first === 0x2b) at++
  let digits = 0
  let mantissa = 0
  let decimals = -1
  for (; at < to; at++) {
    const digit = bytes[at] - 0x30
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit
      digits++
      if (decimals >= 0) decimals++
    } else if (bytes[at] === decimal && decimals < 0) decimals = 0
    else return readSlowly(bytes, from, to, decimal)
  }
  if (digits === 0 || digits > 15) return readSlowly(bytes, from, to, decimal)
  const value = decimals > 0 ? mantissa / powers[decimals] : mantissa
  return first === 0x2d ? -value : value
}

function readSlowly(bytes: Buffer, from: number, to: number, decimal: number): number {
  if (to - from > mostDigits) return NaN
  const text = bytes.toString('latin1', from, to)
  const plain = decimal === 0x2c ? text.replace(',', '.') : text
  return numeral.test(plain) ? Number(plain) : NaN
}
