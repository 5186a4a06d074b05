import type {
  DeadReason,
  DecimalMark,
  LabelMessage,
  OrderMessage,
  Quality,
  TimeReader,
} from '../../../agent/core/index.ts'
import type { BinaryReader } from './binary.ts'
import type { ItemReader } from './items.ts'

/**
 * Where a format puts what it finds in a payload. `field` names the value inside the payload, levels separated by `/`;
 * it is empty where the payload is one value. `time` is ms since epoch, NaN where the payload has none.
 */
export interface Receiver {
  number(field: string, time: number, value: number, quality: Quality): void
  integer(field: string, time: number, value: bigint, quality: Quality): void
  boolean(field: string, time: number, value: boolean, quality: Quality): void
  text(field: string, time: number, value: string, quality: Quality): void
  /** Numbers taken every `step` ms, the first of them at `time`. */
  waveform(field: string, time: number, step: number, values: ArrayLike<number>, quality: Quality): void
  /** A value that is explicitly not there (null, NaN). */
  absent(field: string, time: number): void
  /** The unit of the values of `field`; false, and rejected, where the tag has another. */
  unit(field: string, unit: string): boolean
  /**
   * What the payload itself calls the thing that it speaks of. False where it called it otherwise before on this topic: then
   * the topic alone does not tell its signals apart.
   */
  same(name: string): boolean
  /** Whether `same` was told the name that stands in these bytes, and agreed; false where that is not known. */
  sameBytes(bytes: Buffer, from: number, to: number): boolean
  /** What somebody knows of an asset. */
  label(message: LabelMessage): void
  /** What somebody orders about actions. */
  order(message: OrderMessage): void
  /** Something that cannot be used: all of the payload, or the value of `field`. */
  reject(reason: DeadReason, detail: string, field?: string): void
}

/**
 * Reads the payload in `bytes` from `start` to `end` into `receiver`, and keeps no reference to `bytes`. It may throw, also
 * what the receiver throws: whoever calls it makes a dead letter of that.
 */
export type Decode = (bytes: Buffer, start: number, end: number, receiver: Receiver) => void

/** How the payloads of one topic filter are read. */
export interface FormatOptions {
  /** Path of the time in the payload; absent: `ts`, `timestamp` or `time`, whichever is there first. */
  readonly timeField?: string
  /** Absent: times in the payload are not looked at. */
  readonly times?: TimeReader
  /** The time of a list of numbers is that of its last one. */
  readonly lastTimed?: boolean
  /** Values by field name, each at its path; absent: everything that is found. */
  readonly values?: readonly (readonly [field: string, path: string])[]
  /** Lists of named values. */
  readonly items?: ItemReader
  /** Numbers in bytes. */
  readonly binary?: BinaryReader
  /** Samples per second of lists of numbers that do not carry their own `rate`. */
  readonly rate?: number
  /** Decimal mark of numbers in texts. */
  readonly mark?: DecimalMark
  /** How many levels a payload may nest. */
  readonly maxDepth: number
  /** True: `value` is a field like any other, for tags named by `{field}`. */
  readonly fieldwise: boolean
  /** True: integers beyond 2^53 are kept exact. */
  readonly exactIntegers: boolean
}
