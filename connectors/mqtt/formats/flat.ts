import { Quality } from '../../../agent/core/index.ts'
import type { TimeReader } from '../../../agent/core/index.ts'
import type { FormatOptions, Receiver } from './contract.ts'
import { isName, mayName } from './named.ts'

/** Reads one flat JSON object straight from its bytes; false, with nothing received, where it is anything else. */
export type FlatReader = (bytes: Buffer, start: number, end: number, receiver: Receiver) => boolean

const quote = 0x22
const minus = 0x2d
const zero = 0x30
const nine = 0x39
const comma = 0x2c
const closing = 0x7d

/**
 * The short way for the commonest payload, `{"ts": 1700000000000, "value": 1.5, ...}`: no text, no object, no JSON.parse.
 * It takes what JSON.parse takes, with the same result to the bit, and leaves to JSON.parse whatever is unusual:
 * nesting, escapes, exponents, long numbers, repeated keys, text values. Undefined where the options need more.
 */
export function flatReader(options: FormatOptions): FlatReader | undefined {
  const { timeField, times } = options
  if (options.values ?? options.items ?? options.binary) return undefined
  if (options.fieldwise || options.exactIntegers) return undefined
  if (timeField !== undefined && !/^[\w-]+$/.test(timeField)) return undefined
  if (timeField === 'value' || timeField === 'quality' || timeField === 'rate') return undefined
  const timeKeys = timeField === undefined ? ['ts', 'timestamp', 'time'] : [timeField]
  const keys = timeKeys.map((key) => Buffer.from(key))
  const scanner = new Scanner()
  return (bytes, start, end, receiver) => {
    if (!scanner.scan(bytes, start, end, keys)) return false
    const { named, nameEnd, kind, value, quality } = scanner
    // Mostly they are the same as ever, which is told faster than whether they name anything.
    if (named >= 0 && !receiver.sameBytes(bytes, named, nameEnd) && isName(bytes, named, scanner.nameLength))
      return false
    const time = times ? scanner.time(times) : Number.NaN
    if (time === undefined) return false
    const worse = times?.ambiguous && quality === Quality.good ? Quality.uncertain : quality
    if (kind === 'number') receiver.number('', time, value, worse)
    else receiver.boolean('', time, value === 1, worse)
    return true
  }
}

const valueKey = Buffer.from('value')
const rateKey = Buffer.from('rate')
const valuesKey = Buffer.from('values')
const qualityKey = Buffer.from('quality')
const good = Buffer.from('good')

class Scanner {
  kind: 'none' | 'number' | 'boolean' = 'none'
  value = 0
  quality: Quality = Quality.good
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
  /** The number read last. */
  #number = 0
  #time = Number.NaN
  #timeText = ''
  #timed = false
  /** Where the key that names the message's subject begins, and its text ends; -1 where there is none. */
  named = -1
  nameLength = 0
  nameEnd = -1

  time(times: TimeReader): number | undefined {
    if (!this.#timed) return times.read(undefined)
    return times.read(this.#timeText !== '' ? this.#timeText : this.#time)
  }

  scan(bytes: Buffer, start: number, end: number, times: readonly Buffer[]): boolean {
    this.#begin(bytes, start, end)
    for (;;) {
      this.#space()
      if (!this.#member(times)) return false
      this.#space()
      const next = bytes[this.#at++]
      if (next === closing) break
      if (next !== comma) return false
    }
    this.#space()
    return this.#at === end && this.kind !== 'none'
  }

  #begin(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes
    this.#at = start + 1
    this.#end = end
    this.kind = 'none'
    this.quality = Quality.good
    this.#timed = false
    this.#timeText = ''
    this.named = -1
  }

  #member(times: readonly Buffer[]): boolean {
    const from = this.#at + 1
    if (!this.#string()) return false
    const length = this.#at - 1 - from
    this.#space()
    if (this.#bytes[this.#at++] !== 0x3a) return false
    this.#space()
    if (this.#is(valueKey, from, length)) return this.kind === 'none' && this.#valueOf()
    for (const key of times) if (this.#is(key, from, length)) return !this.#timed && this.#timeOf()
    if (this.#is(qualityKey, from, length)) return this.#goodOnly()
    if (this.#is(rateKey, from, length) || this.#is(valuesKey, from, length)) return false
    if (this.#bytes[this.#at] !== quote) return this.#numeric() || this.#literal() >= 0
    if (!this.#string()) return false
    if (!mayName(this.#bytes, from, length)) return true
    if (this.named >= 0 && !isName(this.#bytes, from, length)) return true
    // With two of them the bytes in between are none of a name.
    const alone = this.named < 0 || !isName(this.#bytes, this.named, this.nameLength)
    this.named = from
    this.nameLength = length
    this.nameEnd = this.#at
    return alone
  }

  #valueOf(): boolean {
    if (this.#numeric()) {
      this.kind = 'number'
      this.value = this.#number
      return true
    }
    const literal = this.#literal()
    if (literal < 0 || literal > 1) return false
    this.kind = 'boolean'
    this.value = literal
    return true
  }

  #timeOf(): boolean {
    this.#timed = true
    const from = this.#at
    if (this.#bytes[from] === quote) {
      if (!this.#string() || this.#at - from < 3) return false
      this.#timeText = this.#bytes.toString('latin1', from + 1, this.#at - 1)
      return true
    }
    if (!this.#numeric()) return false
    this.#time = this.#number
    return true
  }

  #goodOnly(): boolean {
    const from = this.#at + 1
    return this.#bytes[this.#at] === quote && this.#string() && this.#is(good, from, this.#at - 1 - from)
  }

  #is(key: Buffer, from: number, length: number): boolean {
    if (key.length !== length) return false
    for (let i = 0; i < length; i++) if (this.#bytes[from + i] !== key[i]) return false
    return true
  }

  #space(): void {
    const bytes = this.#bytes
    let at = this.#at
    for (; at < this.#end; at++) {
      const byte = bytes[at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
    }
    this.#at = at
  }

  /** Steps over a text without escapes. */
  #string(): boolean {
    const bytes = this.#bytes
    let at = this.#at
    if (at >= this.#end || bytes[at++] !== quote) return false
    for (; at < this.#end; at++) {
      const byte = bytes[at]
      if (byte === quote) {
        this.#at = at + 1
        return true
      }
      if (byte < 0x20 || byte === 0x5c) return false
    }
    return false
  }

  /** 0 for false, 1 for true, 2 for null, -1 for anything else. */
  #literal(): number {
    const bytes = this.#bytes
    const first = bytes[this.#at]
    const [word, code] = first === 0x74 ? ['true', 1] : first === 0x66 ? ['false', 0] : ['null', 2]
    if (this.#at + word.length > this.#end) return -1
    if (bytes.toString('latin1', this.#at, this.#at + word.length) !== word) return -1
    this.#at += word.length
    return code
  }

  /**
   * Reads a number without exponent. Its digits as an integer below 2^53, divided by a power of ten up to 10^22, is the
   * nearest double (Clinger, How to read floating point numbers accurately, 1990): one exact division rounds once.
   */
  #numeric(): boolean {
    const bytes = this.#bytes
    const end = this.#end
    let at = this.#at
    const negative = bytes[at] === minus
    if (negative) at++
    const first = at
    let digits = 0
    for (; at < end && bytes[at] >= zero && bytes[at] <= nine; at++) digits = digits * 10 + (bytes[at] - zero)
    if (at === first || (bytes[first] === zero && at - first > 1)) return false
    let scaled = 0
    if (bytes[at] === 0x2e && at < end) {
      const fraction = ++at
      for (; at < end && bytes[at] >= zero && bytes[at] <= nine; at++) digits = digits * 10 + (bytes[at] - zero)
      scaled = at - fraction
      if (scaled === 0) return false
    }
    if (digits > Number.MAX_SAFE_INTEGER || scaled > 22 || at >= end) return false
    if (bytes[at] === 0x65 || bytes[at] === 0x45) return false
    const size = scaled === 0 ? digits : digits / powers[scaled]
    this.#number = negative ? -size : size
    this.#at = at
    return true
  }
}

const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)
