import { thin } from './blocks.ts'
import { centreRows, fitFront, type Front } from './front.ts'
import { Imputer, mostImputed, packSymmetric } from '../onnx/imputer.ts'
import { ModeImputer, type NamedModes } from '../onnx/named-modes.ts'
import { shrunk } from './hotelling-t2.ts'
import type { Method, NormalRows, Scorer } from './method.ts'
import type { Modes } from './modes.ts'
import { fitScaling, standardise, type Scaling, type TrainingRows } from './scaling.ts'
import { findWays } from './ways.ts'
import { withoutEffects } from './mode-effects.ts'

/** What is normal: where the features of each asset lie, which modes there are, and what a method makes of the rest. */
export interface Normal {
  readonly scaling: Scaling
  readonly front?: Front
  /** How missing features are told; absent where modes are found by load, or where there are too many features. */
  readonly relation?: Relation
  readonly scorer: Scorer
}

/** Covariance of the standardised features, or the ways of running with one each. */
export type Relation = { readonly covariance: Float64Array } | { readonly modes: NamedModes }

/** What puts values in the place of missing ones, by a relation of `size` features. */
export function imputerFor(relation: Relation, size: number): Imputer | ModeImputer {
  return 'modes' in relation ? ModeImputer.from(relation.modes, size)! : new Imputer(relation.covariance, size)
}

/** Training rows with all that is found out before any method learns. */
export interface Subject {
  readonly data: TrainingRows
  readonly modes?: Modes
  readonly seed: number
}

/** Rows standardised in one go: bounds the memory of scoring. */
const rowsAtOnce = 4096
/** A fit that saw fewer rows of a mode does not judge it. */
const leastModeRows = 10
/** Share of the rows that have to be complete for the others to be left aside. */
const leastComplete = 0.5
/** Tenths of the training time. */
const stretches = 10

/**
 * Learns from `rows`; those in no mode are left aside. `ways`: whether to learn the ways between modes as well, which only
 * the exported model needs. Rejects as the method does.
 */
export async function learnNormal(
  { data, modes, seed }: Subject,
  rows: Uint32Array,
  method: Method,
  options: { readonly signal?: AbortSignal; readonly ways?: boolean } = {},
): Promise<Normal> {
  options.signal?.throwIfAborted()
  const { size } = data
  const learned = thin(modes ? rows.filter((row) => modes.of[row] >= 0) : rows, method.mostRows(size))
  if (!modes) {
    const scaling = fitScaling(data, learned)
    const whole = completeRows(data, learned)
    const values = standardise(data, scaling, whole)
    const one = { length: whole.length, size, values, mode: new Int32Array(whole.length), modes: 1 }
    const scorer = await method.learn(one, { seed, signal: options.signal })
    return {
      scaling,
      scorer,
      ...(size <= mostImputed && { relation: { covariance: together(values, whole.length, size) } }),
    }
  }
  const scaling = fitScaling(withoutEffects(data, learned, modes), learned)
  if (modes.tags) keepCodes(scaling, modes.left, modes.tags.units)
  const mode = Int32Array.from(learned, (row) => modes.of[row])
  const standardised = standardise(data, scaling, learned, { missing: NaN })
  const ways = options.ways && !modes.tags ? waysBetween(data, modes, scaling, seed) : []
  const front = fitFront(standardised, size, mode, modes, ways)
  const values = centreRows(front, standardised, mode)
  const given = { length: learned.length, size, values, mode, modes: modes.count }
  const relation =
    modes.tags && size * Math.sqrt(modes.count) <= mostImputed
      ? { modes: relationByMode(front, modes, given) }
      : undefined
  const scorer = await method.learn(given, { seed, signal: options.signal })
  return { scaling, front, scorer, ...(relation && { relation }) }
}

function relationByMode(front: Front, { left, columns, tags }: Modes, { values, mode, size }: NormalRows): NamedModes {
  const { centres, mean, factor } = front
  const part = (all: Float64Array, own: number, width: number) =>
    Array.from(all.subarray(own * width, (own + 1) * width))
  return {
    columns: [...columns],
    left: [...left],
    near: tags!.near,
    modes: Array.from({ length: front.modes }, (_, own) => {
      const rows = Array.from(mode.keys()).filter((row) => mode[row] === own)
      const some = new Float64Array(rows.length * size)
      rows.forEach((row, i) => some.set(values.subarray(row * size, (row + 1) * size), i * size))
      return {
        codes: part(centres, own, columns.length),
        share: Math.max(1, rows.length) / mode.length,
        mean: part(mean, own, size),
        factor: part(factor, own, size),
        covariance: packSymmetric(together(some, rows.length, size), size),
      }
    }),
  }
}

/** The rows without a missing feature, where they are the most: a mean in the place of what is missing makes features seem independent. */
function completeRows({ values, size }: TrainingRows, rows: Uint32Array): Uint32Array {
  const whole = rows.filter((row) => !values.subarray(row * size, (row + 1) * size).some(Number.isNaN))
  return whole.length >= rows.length * leastComplete ? whole : rows
}

/** Covariance after Ledoit and Wolf; a feature that never moved stands by itself. */
function together(values: Float64Array, length: number, size: number): Float64Array {
  const covariance = length > 0 ? shrunk(values, length, size).covariance : new Float64Array(size * size)
  for (let j = 0; j < size; j++) if (!(covariance[j * size + j] > 0)) covariance[j * size + j] = 1
  return covariance
}

/** Score of each of `rows`; NaN for a row in no mode. `pooled`: as if their assets had not been in the training data. */
export function scoreRows(
  { scaling, front, relation, scorer }: Normal,
  { data, modes }: Subject,
  rows: Uint32Array,
  pooled = false,
): Float64Array {
  const scores = new Float64Array(rows.length)
  const imputer = relation && imputerFor(relation, data.size)
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const some = rows.subarray(from, from + rowsAtOnce)
    const mode = Int32Array.from(some, (row) => modes?.of[row] ?? 0)
    const standardised = standardise(data, scaling, some, { pooled, missing: front || imputer ? NaN : 0 })
    if (imputer) for (let row = 0; row < some.length; row++) imputer.fill(standardised, row * data.size)
    scores.set(scoreStandardised({ front, scorer }, standardised, mode), from)
  }
  return scores
}

/** Score of standardised rows of known modes; NaN where the mode is -1, or one that this fit did not see. */
export function scoreStandardised(
  { front, scorer }: Pick<Normal, 'front' | 'scorer'>,
  standardised: Float64Array,
  mode: Int32Array,
): Float64Array {
  const known = mode.map((own) => Math.max(0, own))
  const values = front ? centreRows(front, standardised, known) : standardised
  const scores = scorer.score({ length: mode.length, values, mode: known })
  const isKnown = (own: number) => own >= 0 && (!front || front.rows[own] >= leastModeRows)
  for (let row = 0; row < mode.length; row++) if (!isKnown(mode[row])) scores[row] = NaN
  return scores
}

/** Tags that name the mode are not standardised: their codes mean the same for every asset. */
function keepCodes({ mean, scale, size }: Scaling, columns: readonly number[], units: readonly number[]): void {
  columns.forEach((column, i) => {
    for (let at = column; at < mean.length; at += size) {
      mean[at] = 0
      scale[at] = units[i]
    }
  })
}

function waysBetween(data: TrainingRows, modes: Modes, scaling: Scaling, seed: number) {
  const between = Uint32Array.from(modes.of.keys()).filter((row) => modes.of[row] < 0)
  const standardised = standardise(data, scaling, between)
  const points = new Float64Array(between.length * modes.columns.length)
  between.forEach((_, i) => {
    modes.columns.forEach((column, j) => {
      points[i * modes.columns.length + j] = standardised[i * data.size + column]
    })
  })
  const stretch = Int32Array.from(between, (row) => Math.floor((row * stretches) / data.length))
  return findWays(points, modes.columns.length, stretch, seed)
}
