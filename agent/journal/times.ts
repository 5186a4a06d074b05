import type { ByteReader, ByteWriter } from './bytes.ts'
import type { Chains } from './chains.ts'
import { Residuals } from './integers.ts'

const Unit = { raw: 0, millisecond: 1, microsecond: 2, binary: 3 } as const
/** Units per ms. Times from 2004 to 2039 as float64 ms are whole multiples of 2^-12 ms: nothing finer exists there. */
const perMillisecond = [0, 1, 1000, 4096] as const
/** Times further apart than this, in their unit, are stored as they are: their differences need not be exact. */
const largestSpan = 2 ** 50

const wideFlag = 4
const chainFlag = 8
const absoluteFlag = 16

/**
 * Writes times as integers of the coarsest of ms, µs and 2^-12 ms that gives every one back exactly, raw where none does.
 * What is stored is the smaller of two: the difference to the row before, or the change of the difference within the tag
 * (Pelkonen and others, Gorilla: a fast, scalable, in-memory time series database, 2015: delta of deltas).
 */
export class TimeCodec {
  #integers = new Float64Array(256)
  readonly #byRow = new Residuals()
  readonly #byChain = new Residuals()

  /** `arrival` is near the times as a rule, so the first is stored as the difference to it. */
  write(writer: ByteWriter, time: Float64Array, count: number, chains: Chains, arrival: number): void {
    if (count > this.#integers.length) this.#integers = new Float64Array(count * 2)
    const unit = this.#toIntegers(time, count)
    if (unit === Unit.raw) {
      writer.byte(unit)
      for (let i = 0; i < count; i++) writer.float64(time[i])
      return
    }
    rowDifferences(this.#integers, count, this.#byRow)
    chainDifferences(this.#integers, count, chains, this.#byChain)
    const chain = this.#byChain.cost() < this.#byRow.cost()
    const residuals = chain ? this.#byChain : this.#byRow
    const first = this.#integers[0] - origin(arrival, unit)
    const absolute = !(Math.abs(first) < largestSpan)
    writer.byte(unit | (residuals.wide ? wideFlag : 0) | (chain ? chainFlag : 0) | (absolute ? absoluteFlag : 0))
    if (absolute) writer.float64(this.#integers[0])
    else writer.signed(first)
    residuals.write(writer)
  }

  /** Reads `count` times, one at least. `chains` are those of the same rows. */
  read(reader: ByteReader, time: Float64Array, count: number, chains: Chains, arrival: number): void {
    const head = reader.byte()
    const unit = head & 3
    if (unit === Unit.raw) {
      for (let i = 0; i < count; i++) time[i] = reader.float64()
      return
    }
    time[0] = (head & absoluteFlag) !== 0 ? reader.float64() : origin(arrival, unit) + reader.signed()
    const residuals = this.#byRow
    residuals.read(reader, count - 1, (head & wideFlag) !== 0)
    if ((head & chainFlag) !== 0) followChains(time, count, chains, residuals)
    else for (let i = 1; i < count; i++) time[i] = time[i - 1] + residuals.at(i - 1)
    const per = perMillisecond[unit]
    if (per !== 1) for (let i = 0; i < count; i++) time[i] /= per
  }

  #toIntegers(time: Float64Array, count: number): number {
    for (let unit: number = Unit.millisecond; unit <= Unit.binary; unit++) {
      if (integersOf(time, count, perMillisecond[unit], this.#integers)) return unit
    }
    return Unit.raw
  }
}

function integersOf(time: Float64Array, count: number, per: number, into: Float64Array): boolean {
  let smallest = Infinity
  let largest = -Infinity
  for (let i = 0; i < count; i++) {
    const integer = Math.round(time[i] * per)
    if (integer / per !== time[i] || (integer === 0 && 1 / time[i] < 0)) return false
    into[i] = integer
    if (integer < smallest) smallest = integer
    if (integer > largest) largest = integer
  }
  return largest - smallest < largestSpan && largest < 2 ** 53 && smallest > -(2 ** 53)
}

/** Where the arrival stands, in whole units; 0 where it is of no use. */
function origin(arrival: number, unit: number): number {
  const at = Math.floor(arrival) * perMillisecond[unit]
  return Math.abs(at) < 2 ** 53 ? at : 0
}

function rowDifferences(integers: Float64Array, count: number, into: Residuals): void {
  into.start(count)
  for (let i = 1; i < count; i++) into.push(integers[i] - integers[i - 1])
}

/** The integers stay as differences all along: sums of absolute times would not be exact. */
function chainDifferences(integers: Float64Array, count: number, chains: Chains, into: Residuals): void {
  const { previous } = chains
  into.start(count)
  for (let i = 1; i < count; i++) {
    const before = previous[i]
    if (before < 0) into.push(integers[i] - integers[i - 1])
    else into.push(integers[i] - integers[before] - stepBefore(integers, i, before, previous))
  }
}

function followChains(integers: Float64Array, count: number, chains: Chains, residuals: Residuals): void {
  const { previous } = chains
  for (let i = 1; i < count; i++) {
    const before = previous[i]
    const residual = residuals.at(i - 1)
    if (before < 0) integers[i] = integers[i - 1] + residual
    else integers[i] = integers[before] + (residual + stepBefore(integers, i, before, previous))
  }
}

/** The step expected from `before` to `row`: the tag's last one, else that of the row above, which often has the same clock. */
function stepBefore(integers: Float64Array, row: number, before: number, previous: Int32Array): number {
  const earlier = previous[before]
  if (earlier >= 0) return integers[before] - integers[earlier]
  const above = previous[row - 1]
  return above >= 0 ? integers[row - 1] - integers[above] : 0
}
