import {
  badWords,
  booleanOfWord,
  missingTest,
  needsMark,
  Quality,
  readMeasured,
  sameUnit,
  type BatchBuilder,
  type DeadReason,
  type TagType,
} from '../../agent/core/index.ts'
import { readNumber } from './cells.ts'
import { numberIn, type Signal } from './layout.ts'

/** Why a value is put aside. */
export interface Refusal {
  readonly reason: DeadReason
  readonly detail: string
}

/** A tag that values of a signal go to. */
export interface ValueTarget {
  readonly tag: number
  readonly type: TagType
  readonly name: string
}

const shownSize = 256

/** Adds the cells of one file to a batch. */
export class Values {
  readonly #builder: BatchBuilder
  readonly #isMissing: (text: string) => boolean
  readonly #isBad: (text: string) => boolean

  constructor(builder: BatchBuilder, missing: readonly string[]) {
    this.#builder = builder
    this.#isMissing = missingTest(missing)
    this.#isBad = missingTest(badWords)
  }

  /** Adds a value; returns why it is none of its tag, and what would have made it one. */
  add(
    signal: Signal,
    { tag, type, name }: ValueTarget,
    time: number,
    bytes: Buffer,
    from: number,
    to: number,
    quality: Quality,
  ): Refusal | undefined {
    // prettier-ignore
    if (type === 'number' || type === 'integer') {
      const value = readNumber(bytes, from, to, signal.mark === ',' ? 0x2c : 0x2e)
      if (type === 'number' ? value - value === 0 : Number.isSafeInteger(value)) {
        this.#builder.add(tag, time, value, quality)
        return undefined
      }
    }
    return this.#slowly(signal, tag, type, name, time, bytes.toString('utf8', from, to), quality)
  }

  /** Whether a cell stands for no value. */
  isMissing(bytes: Buffer, from: number, to: number): boolean {
    return from === to || (to - from < 64 && this.#isMissing(bytes.toString('utf8', from, to)))
  }

  #slowly(
    signal: Signal,
    tag: number,
    type: TagType,
    name: string,
    time: number,
    text: string,
    quality: Quality,
  ): Refusal | undefined {
    // prettier-ignore
    const builder = this.#builder
    const word = signal.words?.get(text)
    if (word !== undefined) {
      builder.add(tag, time, word, quality)
      return undefined
    }
    if (this.#isMissing(text) || (type !== 'text' && this.#isBad(text))) {
      builder.add(tag, time, NaN, Quality.bad)
      return undefined
    }
    if (type === 'text') {
      builder.addText(tag, time, text, quality)
      return undefined
    }
    if (type === 'integer' && /^[+-]?\d{1,30}$/.test(text)) {
      const integer = BigInt(text.replace('+', ''))
      if (BigInt.asIntN(64, integer) !== integer) return unfit(text, name, type)
      builder.addInteger(tag, time, integer, quality)
      return undefined
    }
    const value = type === 'boolean' ? booleanOf(text) : this.#number(signal, text)
    if (value === undefined) return wrongType(text, name, type, signal)
    if (typeof value === 'object') return value
    if (!Number.isFinite(value) || (type === 'integer' && !Number.isSafeInteger(value))) return unfit(text, name, type)
    builder.add(tag, time, value, quality)
    return undefined
  }

  /** A number with separators, or with the unit of its signal behind. */
  #number({ mark, definition: { unit } }: Signal, text: string): number | Refusal | undefined {
    const number = numberIn(text, mark)
    if (number !== undefined) return number
    const measured = readMeasured(text, mark ?? '.', unit)
    if (measured?.value === undefined) return undefined
    if (unit === undefined || sameUnit(measured.unit, unit)) return measured.value
    return { reason: 'value', detail: `${shown(text)} is in ${measured.unit} and not in ${unit}` }
  }
}

/** The value of a word for a boolean; undefined for any other. */
function booleanOf(text: string): 0 | 1 | undefined {
  return text === '1' ? 1 : text === '0' ? 0 : booleanOfWord(text)
}

function shown(text: string): string {
  return `"${text.slice(0, shownSize)}"`
}

function unfit(text: string, name: string, type: TagType): Refusal {
  return { reason: 'value', detail: `${shown(text)} does not fit ${name}, which has the type ${type}` }
}

function wrongType(text: string, name: string, type: TagType, { mark }: Signal): Refusal {
  const remedy =
    mark === undefined && needsMark(text)
      ? 'state the mark under `decimal`'
      : 'list it under `missing` where it stands for no value, or state the type under `tags`'
  return { reason: 'type', detail: `${shown(text)} is not of the type ${type}, which ${name} has; ${remedy}` }
}
