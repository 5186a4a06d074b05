import {
  sharesOf,
  stateBeyond,
  type FeatureBatch,
  type Metrics,
  type Prediction,
  type PredictionKind,
  type PredictionState,
  type Scores,
} from '../core/index.ts'
import { roleOf } from '../../models/feature-tags.ts'

/** Who concludes. */
export interface Author {
  readonly monitor: string
  readonly kind: PredictionKind
  /** Version of the model at work; undefined while learning. */
  readonly model: string | undefined
  /** Least share of good samples of a window for an opinion, 0 to 1. */
  readonly minCoverage: number
}

/** What a monitor concludes of a window: of row `row` of the features and of the scores; no opinion where there are none. */
export function predictionOf(
  { monitor, kind, model, minCoverage }: Author,
  batch: FeatureBatch,
  row: number,
  scores: Scores | undefined,
): Prediction {
  const score = scores && batch.coverage[row] >= minCoverage ? scores.score[row] : NaN
  const threshold = scores ? scores.threshold[row] : NaN
  return {
    time: batch.end[row],
    asset: batch.asset[row],
    monitor,
    kind,
    score,
    threshold,
    state: model === undefined ? 'learning' : stateOf(kind, score, threshold),
    coverage: batch.coverage[row],
    revision: batch.revision[row],
    model: model ?? '',
    ...(scores && missingOf(batch, row)),
    contributions: scores && !Number.isNaN(score) ? contributionsOf(scores, row) : {},
    ...(scores && !Number.isNaN(score) && conclusionOf(scores, row)),
  }
}

/** Columns of each signal, by the list of columns that they are of. */
const signals = new WeakMap<readonly string[], ReadonlyMap<string, readonly number[]>>()

/** Signals without any value in a row. */
function missingOf({ names, values }: FeatureBatch, row: number): Pick<Prediction, 'missing'> | undefined {
  const from = row * names.length
  let known = 0
  while (known < names.length && !Number.isNaN(values[from + known])) known++
  if (known === names.length) return undefined
  let columns = signals.get(names)
  if (!columns) signals.set(names, (columns = columnsBySignal(names)))
  const missing = [...columns].filter(([, of]) => of.every((column) => Number.isNaN(values[from + column])))
  return missing.length > 0 ? { missing: missing.map(([signal]) => signal) } : undefined
}

function columnsBySignal(names: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>()
  names.forEach((name, column) => {
    if (name.includes('.')) found.set(roleOf(name), [...(found.get(roleOf(name)) ?? []), column])
  })
  return found
}

function stateOf(kind: PredictionKind, score: number, threshold: number): PredictionState {
  return Number.isNaN(score) ? 'unknown' : score > threshold ? stateBeyond[kind] : 'normal'
}

/** What the kinds other than anomaly say beside the score. */
function conclusionOf({ value, lower, upper, label, probability, classes }: Scores, row: number): Partial<Prediction> {
  const has = (column: Float64Array | undefined) => column !== undefined && !Number.isNaN(column[row])
  return {
    ...(value && has(value) && { value: value[row] }),
    ...(lower && has(lower) && { lower: lower[row] }),
    ...(upper && has(upper) && { upper: upper[row] }),
    ...(label && classes && label[row] >= 0 && { label: classes[label[row]] }),
    ...(probability && has(probability) && { probability: probability[row] }),
  }
}

function contributionsOf({ tags, contributions }: Scores, row: number): Record<string, number> {
  return sharesOf(tags, contributions.subarray(row * tags.length, (row + 1) * tags.length))
}

/** Counts predictions by state, and their windows. */
export function countPredictions(metrics: Metrics, monitor: string, predictions: readonly Prediction[]): void {
  const byState: Partial<Record<PredictionState, number>> = {}
  for (const { state } of predictions) byState[state] = (byState[state] ?? 0) + 1
  for (const [state, amount] of Object.entries(byState)) {
    metrics.count('predictions_total', amount, { monitor, state })
  }
  metrics.count('windows_total', predictions.length, { monitor })
}
