import { quantile } from '../linear-algebra.ts'
import { holdOut, joinRows, rowsByAsset, thin } from './blocks.ts'
import type { Method } from './method.ts'
import { learnNormal, scoreRows, type Normal, type Subject } from './normal.ts'
import { known } from './purge.ts'
import { returnLevel, type ReturnLevel } from './rarity.ts'
import type { TrainingRows } from './scaling.ts'
import type { Dwell } from '../training.ts'

export interface Thresholds {
  /** By asset code. */
  readonly byAsset: Float64Array
  /** For assets that were not in the training data. */
  readonly pooled: number
  /** What scores are multiplied by, by mode, so that one threshold fits all. */
  readonly factors: Float64Array
  /** Share of the held-out training rows that the thresholds call an anomaly. */
  readonly falseAlarms: number
  /** How often an asset without a threshold of its own will alarm falsely; absent where the data do not tell. */
  readonly rarity?: ReturnLevel
}

export interface CalibrationSettings {
  readonly quiet: boolean
  /** Larger: lower thresholds, more alarms. */
  readonly sensitivity: number
  /** False alarms of an asset that are bearable: one in so many ms. */
  readonly false_alarms: { readonly period: number }
}

/** A stretch of time with what a fit on the other ones makes of it. */
export interface Held {
  readonly normal: Normal
  /** Rows and their scores, by asset code. */
  readonly rows: readonly Uint32Array[]
  readonly scores: readonly Float64Array[]
}

const blocks = 4
const normalShare = 0.99
/** Assets, and modes, with fewer rows use the threshold of all. */
const leastOwnRows = 100
/** No asset's own threshold is below this share of the class's: a machine that stood still would alarm at every start. */
const leastOwnShare = 0.5
/** One feature one scale away is never an anomaly. */
const leastThreshold = 1

/** Each quarter of every asset's time, judged by a fit on the others. */
export async function judgeHeldOut(
  subject: Subject,
  rows: Uint32Array,
  method: Method,
  options: { readonly signal?: AbortSignal; progress?(share: number): void } = {},
): Promise<Held[]> {
  const folds = holdOut(subject.data, rowsByAsset(subject.data, rows), blocks)
  const found: Held[] = []
  for (const { held, rest } of folds) {
    const normal = await learnNormal(subject, rest, method, options)
    found.push({ normal, rows: held, scores: held.map((block) => scoreRows(normal, subject, block)) })
    options.progress?.(found.length / blocks)
  }
  return found
}

/**
 * Thresholds from held-out scores: the median of the 99 % quantiles of four blocks, or of all blocks pooled where it
 * has to be quiet; never below the 99 % quantile of the rows that were fitted.
 */
export function calibrate(
  subject: Subject,
  rows: Uint32Array,
  normal: Normal,
  method: Method,
  held: readonly Held[],
  settings: CalibrationSettings,
  /** How long scores have to stay beyond a threshold before it is an alarm; undefined: nothing is an alarm of its own. */
  dwell: Dwell | undefined,
): Thresholds {
  const { data } = subject
  const step = stepOf(data)
  const rare = (stretches: readonly (readonly Float64Array[])[]) => {
    if (!dwell) return undefined
    const windows = 'windows' in dwell ? dwell.windows : Math.max(1, Math.ceil(dwell.ms / step))
    return returnLevel(stretches.map((own) => ({ stretches: own, step })), windows, settings.false_alarms.period) // prettier-ignore
  }
  const byAsset = rowsByAsset(data, rows)
  const share = Math.min(1, method.mostRows(data.size) / rows.length)
  const some = byAsset.map((own) => thin(own, Math.ceil(own.length * share)))
  const fittedRaw = some.map((own) => scoreRows(normal, subject, own))
  const factors = factorsByMode(subject, held, some, fittedRaw, settings.quiet)
  const level = (own: Uint32Array, scores: Float64Array) => levelled(subject, factors, own, scores)
  const scores = byAsset.map((_, asset) => held.map((block) => level(block.rows[asset], block.scores[asset])))
  const fitted = some.map((own, asset) => level(own, fittedRaw[asset]))
  const usable = (threshold: number) => Math.max(threshold, leastThreshold) / settings.sensitivity
  const together = held.map((_, block) => join(scores.map((own) => own[block])))
  const rarity = rare(scores)
  const shared = Math.max(limit(together, join(fitted), settings.quiet), rarity?.height ?? 0)
  const all = joinRows(some)
  const unknown = data.assets.length > 1 ? quantile(level(all, scoreRows(normal, subject, all, true)), normalShare) : 0
  const thresholds = byAsset.map((own, asset) => {
    if (own.length < leastOwnRows || data.assets.length === 1) return usable(shared)
    const rarest = rare([scores[asset]])?.height ?? 0
    return usable(Math.max(limit(scores[asset], fitted[asset], settings.quiet), rarest, leastOwnShare * shared))
  })
  let above = 0
  let judged = 0
  scores.forEach((own, asset) => {
    for (const block of own) {
      judged += block.length
      for (const score of block) if (score > thresholds[asset]) above++
    }
  })
  return {
    byAsset: Float64Array.from(thresholds),
    pooled: usable(Math.max(shared, unknown)),
    factors,
    falseAlarms: above / judged,
    ...(rarity && { rarity }),
  }
}

/** Median ms from one window of an asset to the next. */
function stepOf({ assets, asset, end }: TrainingRows): number {
  const last = new Float64Array(assets.length).fill(NaN)
  const steps: number[] = []
  for (let row = 0; row < asset.length; row++) {
    const step = end[row] - last[asset[row]]
    if (step > 0) steps.push(step)
    last[asset[row]] = end[row]
  }
  return quantile(steps, 0.5)
}

/** Scores beyond which a row is not normal, of blocks that were held out and of rows that were fitted. */
function limit(held: readonly Float64Array[], fitted: Float64Array, quiet: boolean): number {
  const heldOut = quiet
    ? quantile(join(held), normalShare)
    : quantile(
        held.filter((block) => block.length > 0).map((block) => quantile(block, normalShare)),
        0.5,
      )
  return Math.max(heldOut, quantile(fitted, normalShare))
}

/** What brings the limit of each mode to that of all rows together; 1 where there is one mode, or a mode has few rows. */
function factorsByMode(
  { modes }: Subject,
  held: readonly Held[],
  rows: readonly Uint32Array[],
  fitted: readonly Float64Array[],
  quiet: boolean,
): Float64Array {
  const factors = new Float64Array(modes?.count ?? 1).fill(1)
  if (!modes) return factors
  const of = (mode: number, own: readonly Uint32Array[], scores: readonly Float64Array[]) =>
    join(scores.map((some, asset) => known(some.filter((_, i) => mode < 0 || modes.of[own[asset][i]] === mode))))
  const limitOf = (mode: number) => limit(held.map((block) => of(mode, block.rows, block.scores)), of(mode, rows, fitted), quiet) // prettier-ignore
  const all = limitOf(-1)
  for (let mode = 0; mode < modes.count; mode++) {
    const seen = held.reduce((sum, block) => sum + of(mode, block.rows, block.scores).length, 0)
    if (seen >= leastOwnRows) factors[mode] = all / Math.max(limitOf(mode), leastThreshold)
  }
  return factors
}

/** Scores times the factors of their modes, without those of rows in no mode. */
function levelled({ modes }: Subject, factors: Float64Array, rows: Uint32Array, scores: Float64Array): Float64Array {
  if (!modes) return scores
  return known(scores.map((score, i) => score * (factors[modes.of[rows[i]]] ?? NaN)))
}

function join(parts: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
