import type { ByteReader, ByteWriter } from './bytes.ts'
import { readPacked, Residuals, writePacked } from './integers.ts'

const powers = Float64Array.from({ length: 10 }, (_, exponent) => Number(`1e${exponent}`))
const largestExponent = 9
/** Decimal integers stay below this, so that their differences are exact. */
const integerLimit = 2 ** 51
/** A float32 holds no more digits than such an integer. */
const singleLimit = 2 ** 24

const Form = { decimal: 0, singleDecimal: 1, single: 2, double: 3 } as const
const wideFlag = 4
const patchFlag = 8

/**
 * Writes columns of float64 values, each in the smallest form that gives every value back exactly:
 * - decimal: integers to a power of ten (21.37 is 2137 by 10^2), each as the difference to the one before;
 * - decimal of a float32: the same for values that a PLC rounded to float32;
 * - float32: differences of the bit patterns;
 * - float64: differences of the upper, XOR of the lower halves of the bit patterns.
 * NaN, infinities and -0 among other values are put aside as patches. A NaN stays a NaN; its payload may be lost.
 */
export class ValueCodec {
  #values = new Float64Array(256)
  #words = new Uint32Array(this.#values.buffer)
  #upper = new Uint32Array(256)
  #lower = new Uint32Array(256)
  #single = new Float32Array(1)
  #singleBits = new Uint32Array(this.#single.buffer)
  readonly #residuals = new Residuals()
  #patches: number[] = []

  /** Where the values go before `write`, and come from after `read`: room for `count` of them. */
  column(count: number): Float64Array {
    if (count > this.#values.length) {
      const size = Math.max(count, this.#values.length * 2)
      this.#values = new Float64Array(size)
      this.#words = new Uint32Array(this.#values.buffer)
      this.#upper = new Uint32Array(size)
      this.#lower = new Uint32Array(size)
    }
    return this.#values
  }

  /** Writes the first `count` values of the column. */
  write(writer: ByteWriter, count: number): void {
    const special = this.#countSpecial(count)
    const patched = special > 0 && special <= count >> 2
    if (patched) this.#putAside(count)
    const values = this.#values
    if (special === 0 || patched) {
      const exponent = decimalExponent(values, count)
      if (exponent >= 0) {
        this.#writeDecimal(writer, count, Form.decimal, exponent, patched)
        return
      }
      if (areSingles(values, count)) {
        const digits = singleExponent(values, count)
        if (digits >= 0) this.#writeDecimal(writer, count, Form.singleDecimal, digits, patched)
        else this.#writeSingles(writer, count, patched)
        return
      }
    }
    this.#writeDoubles(writer, count, patched)
  }

  /** Reads a column of `count` values; they are in `column(count)` then. */
  read(reader: ByteReader, count: number): Float64Array {
    const values = this.column(count)
    const head = reader.byte()
    const patches = (head & patchFlag) !== 0 ? readPatches(reader) : undefined
    const form = head & 3
    if (form === Form.double) this.#readDoubles(reader, count)
    else if (form === Form.single) this.#readSingles(reader, count)
    else this.#readDecimal(reader, count, head)
    if (patches) for (let i = 0; i < patches.length; i += 2) values[patches[i]] = patches[i + 1]
    return values
  }

  #countSpecial(count: number): number {
    const values = this.#values
    let special = 0
    for (let i = 0; i < count; i++) {
      const value = values[i]
      if (value - value !== 0 || (value === 0 && 1 / value < 0)) special++
    }
    return special
  }

  /** Replaces special values by the one before, which costs nothing, and keeps them in `#patches`. */
  #putAside(count: number): void {
    const values = this.#values
    this.#patches = []
    let before = 0
    for (let i = 0; i < count; i++) {
      const value = values[i]
      if (value - value !== 0 || (value === 0 && 1 / value < 0)) {
        this.#patches.push(i, value)
        values[i] = before
      } else before = value
    }
  }

  #writeHead(writer: ByteWriter, head: number, patched: boolean): void {
    writer.byte(patched ? head | patchFlag : head)
    if (!patched) return
    writer.varint(this.#patches.length / 2)
    for (let i = 0; i < this.#patches.length; i += 2) {
      writer.varint(this.#patches[i])
      writer.float64(this.#patches[i + 1])
    }
  }

  #writeDecimal(writer: ByteWriter, count: number, form: number, exponent: number, patched: boolean): void {
    const values = this.#values
    const residuals = this.#residuals
    const power = powers[exponent]
    const first = count === 0 ? 0 : Math.round(values[0] * power)
    residuals.start(count)
    let before = first
    for (let i = 1; i < count; i++) {
      const integer = Math.round(values[i] * power)
      residuals.push(integer - before)
      before = integer
    }
    this.#writeHead(writer, form | (exponent << 4) | (residuals.wide ? wideFlag : 0), patched)
    writer.signed(first)
    residuals.write(writer)
  }

  #readDecimal(reader: ByteReader, count: number, head: number): void {
    const values = this.#values
    const residuals = this.#residuals
    const power = powers[head >> 4]
    let integer = reader.signed()
    residuals.read(reader, Math.max(0, count - 1), (head & wideFlag) !== 0)
    values[0] = integer / power
    for (let i = 1; i < count; i++) {
      integer += residuals.at(i - 1)
      values[i] = integer / power
    }
    if ((head & 3) === Form.singleDecimal) for (let i = 0; i < count; i++) values[i] = Math.fround(values[i])
  }

  #writeSingles(writer: ByteWriter, count: number, patched: boolean): void {
    let before = 0
    for (let i = 0; i < count; i++) {
      this.#single[0] = this.#values[i]
      const bits = this.#singleBits[0] | 0
      this.#upper[i] = zigzag((bits - before) | 0)
      before = bits
    }
    this.#writeHead(writer, Form.single, patched)
    writePacked(writer, this.#upper, count)
  }

  #readSingles(reader: ByteReader, count: number): void {
    readPacked(reader, this.#upper, count)
    let bits = 0
    for (let i = 0; i < count; i++) {
      bits = (bits + unzigzag(this.#upper[i])) | 0
      this.#singleBits[0] = bits
      this.#values[i] = this.#single[0]
    }
  }

  #writeDoubles(writer: ByteWriter, count: number, patched: boolean): void {
    const words = this.#words
    let upper = 0
    let lower = 0
    for (let i = 0; i < count; i++) {
      const low = words[2 * i] | 0
      const high = words[2 * i + 1] | 0
      this.#upper[i] = zigzag((high - upper) | 0)
      this.#lower[i] = low ^ lower
      upper = high
      lower = low
    }
    this.#writeHead(writer, Form.double, patched)
    writePacked(writer, this.#upper, count)
    writePacked(writer, this.#lower, count)
  }

  #readDoubles(reader: ByteReader, count: number): void {
    readPacked(reader, this.#upper, count)
    readPacked(reader, this.#lower, count)
    const words = this.#words
    let upper = 0
    let lower = 0
    for (let i = 0; i < count; i++) {
      upper = (upper + unzigzag(this.#upper[i])) | 0
      lower ^= this.#lower[i]
      words[2 * i] = lower
      words[2 * i + 1] = upper
    }
  }
}

function readPatches(reader: ByteReader): number[] {
  const patches: number[] = []
  for (let left = reader.varint(); left > 0; left--) patches.push(reader.varint(), reader.float64())
  return patches
}

const zigzag = (value: number): number => (value << 1) ^ (value >> 31)
const unzigzag = (code: number): number => (code >>> 1) ^ -(code & 1)

/**
 * The first power of ten that makes integers of all values, from which division gives them back; -1: none.
 * A value that one power suits is suited by every larger one as long as the integer stays below the limit, since both
 * quotients are the same real number rounded once: so there is no need to start again when the power has to grow.
 */
function decimalExponent(values: Float64Array, count: number): number {
  let exponent = 0
  let power = powers[exponent]
  let largest = 0
  for (let i = 0; i < count; i++) {
    const value = values[i]
    const size = Math.abs(value)
    if (size > largest) largest = size
    while (Math.round(value * power) / power !== value) {
      if (++exponent > largestExponent) return -1
      power = powers[exponent]
    }
  }
  return largest * power < integerLimit ? exponent : -1
}

function areSingles(values: Float64Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (Math.fround(values[i]) !== values[i]) return false
  return true
}

function singleExponent(values: Float64Array, count: number): number {
  for (let exponent = 0; exponent < 7; exponent++) if (suitsSingles(values, count, powers[exponent])) return exponent
  return -1
}

function suitsSingles(values: Float64Array, count: number, power: number): boolean {
  for (let i = 0; i < count; i++) {
    const integer = Math.round(values[i] * power)
    if (Math.fround(integer / power) !== values[i] || integer > singleLimit || integer < -singleLimit) return false
  }
  return true
}
