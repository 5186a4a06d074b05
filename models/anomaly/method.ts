import type { GraphPart } from '../onnx/graph.ts'
import type { Scalar } from '../report.ts'
import type { MethodName } from './config.ts'

/** Rows from which a method learns, each in scales from the middle of its mode; row-major, no value missing. */
export interface NormalRows {
  readonly length: number
  readonly size: number
  readonly values: Float64Array
  /** Mode by row; all 0 where there is one. */
  readonly mode: Int32Array
  readonly modes: number
}

/** What a method takes for normal. */
export interface Scorer {
  /** How far each row is from it. */
  score(rows: Pick<NormalRows, 'length' | 'values' | 'mode'>): Float64Array
  /** What each feature adds to the score of one row, in plain loops: the yardstick of the exported graph. */
  terms(row: Float64Array, mode: number): Float64Array
  /**
   * The same as a part of an ONNX graph, in float64: from `rows` [batch, size] and, where there are several modes, `mode`
   * [batch, modes] (1 for the row's own, else 0) to `terms` [batch, size].
   */
  graph(): GraphPart
  /** For manifest and report. */
  readonly metrics: Readonly<Record<string, number>>
  readonly scalars: readonly Scalar[]
  readonly backend: string
}

/** A way to learn what is normal. */
export interface Method {
  readonly name: MethodName
  /** In words, for the card. */
  readonly meaning: string
  /** Rows below which `auto` does not consider it. */
  readonly leastRows: number
  /** Rows it learns from at most, for `size` features; of more it takes evenly spaced ones. */
  mostRows(size: number): number
  /** Throws or rejects with a DetectorError (TRAINING_FAILED), or the reason of `signal`. */
  learn(rows: NormalRows, options: { readonly seed: number; readonly signal?: AbortSignal }): Scorer | Promise<Scorer>
}
