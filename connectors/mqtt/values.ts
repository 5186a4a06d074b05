import { needsMark, Quality, readMeasured, readNumber } from '../../agent/core/index.ts'
import type { Route, Slot } from './routes.ts'
import type { Reject, Samples } from './samples.ts'

const infinite = /^[+-]?inf(?:inity)?$/i
const truth: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  on: true,
  off: false,
  yes: true,
  no: false,
  '1': true,
  '0': false,
}

/** What a value becomes in its tag: numbers, integers, booleans and texts in the type that the tag has or is to have. */
export class Values {
  readonly #samples: Samples
  readonly #reject: Reject
  readonly #maxText: number

  /** `maxText`: characters of a text. */
  constructor(samples: Samples, reject: Reject, maxText: number) {
    this.#samples = samples
    this.#reject = reject
    this.#maxText = maxText
  }

  /** A number, not finite where there is none. */
  number(slot: Slot, field: string, time: number, value: number, quality: Quality): void {
    if (!Number.isFinite(value)) {
      this.#samples.absent(slot, field, time)
      return
    }
    const type = slot.type ?? 'number'
    if (type === 'number') this.#samples.add(slot, field, type, time, value, quality)
    else if (type === 'integer' && Number.isInteger(value)) this.integer(slot, field, time, BigInt(value), quality)
    else if (type === 'boolean' && (value === 0 || value === 1) && slot.wanted === 'boolean') {
      this.#samples.add(slot, field, type, time, value, quality)
    } else if (type === 'text' && slot.wanted === 'text') {
      this.#samples.addText(slot, field, time, String(value), quality)
    } else this.#samples.wrongType(slot, field, 'number', String(value))
  }

  /** A whole number of any size; beyond 64 bits it is rejected. */
  integer(slot: Slot, field: string, time: number, value: bigint, quality: Quality): void {
    const type = slot.type ?? 'integer'
    if (type !== 'integer') {
      this.number(slot, field, time, Number(value), quality)
      return
    }
    if (BigInt.asIntN(64, value) !== value) {
      this.#reject('value', `${String(value).slice(0, 40)} does not fit a signed 64-bit integer`, field)
      return
    }
    this.#samples.addInteger(slot, field, time, value, quality)
  }

  /** A boolean, which a tag of numbers or texts takes only where the configuration says so. */
  boolean(slot: Slot, field: string, time: number, value: boolean, quality: Quality): void {
    const type = slot.type ?? 'boolean'
    const asked = slot.wanted === type
    if (type === 'boolean' || (type !== 'text' && asked))
      this.#samples.add(slot, field, type, time, value ? 1 : 0, quality)
    else if (type === 'text' && asked) this.#samples.addText(slot, field, time, String(value), quality)
    else this.#samples.wrongType(slot, field, 'boolean', String(value))
  }

  /** A text: one for missing, a number as people write it, or a text. */
  text(route: Route, slot: Slot, field: string, time: number, value: string, quality: Quality): void {
    if (value.length > this.#maxText) {
      this.#reject('oversized', `a text of ${value.length} characters (max_text)`, field)
      return
    }
    const { type } = slot
    const literal = slot.wanted === 'text' && route.settings.missing === undefined
    if (!literal && route.missing(value)) this.#samples.absent(slot, field, time)
    else if (type === 'text') this.#samples.addText(slot, field, time, value, quality)
    else this.#written(route, slot, field, time, value, quality)
  }

  /** A text in a tag of numbers or booleans, or in one that has no type yet. */
  #written(route: Route, slot: Slot, field: string, time: number, value: string, quality: Quality): void {
    const { type } = slot
    const text = value.trim()
    const mark = route.settings.decimal
    if (infinite.test(text)) {
      this.#samples.absent(slot, field, time)
      return
    }
    if (type === 'integer' && /^[+-]?\d{1,400}$/.test(text)) {
      if (text.length > 40) this.#reject('value', `an integer of ${text.length} digits does not fit 64 bits`, field)
      else this.integer(slot, field, time, BigInt(text.replace('+', '')), quality)
      return
    }
    const lower = type === 'boolean' ? text.toLowerCase() : ''
    if (type === 'boolean' && Object.hasOwn(truth, lower)) {
      this.boolean(slot, field, time, truth[lower], quality)
      return
    }
    // Without a type and a mark a text of digits may be a number of a part: it stays a text.
    const number = type === undefined && mark === undefined ? undefined : readNumber(text, mark)
    if (number !== undefined && type !== 'boolean') this.number(slot, field, time, number, quality)
    else if (type === 'boolean' || !this.#measured(route, slot, field, time, text, quality)) {
      if (type === undefined) this.#samples.addText(slot, field, time, value, quality)
      else this.#samples.wrongType(slot, field, 'text', JSON.stringify(value.slice(0, 60)))
    }
  }

  /** A number with its unit, or one that cannot be read without being told its mark; false where it is neither. */
  #measured(route: Route, slot: Slot, field: string, time: number, text: string, quality: Quality): boolean {
    const mark = route.settings.decimal
    const measured = readMeasured(text, mark, slot.unit)
    if (measured?.value !== undefined) {
      if (this.#samples.unit(slot, field, measured.unit)) this.number(slot, field, time, measured.value, quality)
      return true
    }
    if (measured === undefined && !(mark === undefined && needsMark(text))) return false
    const shown = JSON.stringify(text.slice(0, 40))
    this.#reject(
      'value',
      `${shown} has a mark that may mean two things: set decimal to "," or "." for the topic`,
      field,
    )
    return true
  }
}
