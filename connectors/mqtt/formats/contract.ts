import type { DeadReason, LabelMessage, Quality } from '../../../agent/core/index.ts'
import type { TimeUnit } from './times.ts'

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
  /** A value that is explicitly not there (null). */
  absent(field: string, time: number): void
  /** What somebody knows of an asset. */
  label(message: LabelMessage): void
  /** Something that cannot be used: all of the payload, or the value of `field`. */
  reject(reason: DeadReason, detail: string, field?: string): void
}

/** Reads the payload in `bytes` from `start` to `end` into `receiver`. Never throws; keeps no reference to `bytes`. */
export type Decode = (bytes: Buffer, start: number, end: number, receiver: Receiver) => void

/** How the payloads of one topic filter are read. */
export interface FormatOptions {
  /** Path of the time in the payload; absent: `ts`, `timestamp` or `time`, whichever is there first. */
  readonly timeField?: string
  /** `arrival`: times in the payload are not looked at. */
  readonly timeUnit: TimeUnit | 'arrival'
  /** Values by field name, each at its path; absent: everything that is found. */
  readonly values?: readonly (readonly [field: string, path: string])[]
  /** Samples per second of lists of numbers that do not carry their own `rate`. */
  readonly rate?: number
  /** How many levels a payload may nest. */
  readonly maxDepth: number
  /** True: `value` is a field like any other, for tags named by `{field}`. */
  readonly fieldwise: boolean
  /** True: integers beyond 2^53 are kept exact. */
  readonly exactIntegers: boolean
}
