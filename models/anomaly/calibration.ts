import { quantile } from '../linear-algebra.ts'
import { holdOut, joinRows, rowsByAsset, thin } from './blocks.ts'
import type { TrainingRows } from './scaling.ts'
import { fitT2, scoreT2, type T2Fit } from './t2-fit.ts'

/** A stretch of training data that was put aside because it is not like the rest. Times in ms since epoch. */
export interface DroppedBlock {
  readonly asset: string
  readonly from: number
  readonly to: number
}

export interface Thresholds {
  /** T² by asset code. */
  readonly byAsset: Float64Array
  /** For assets that were not in the training data. */
  readonly pooled: number
  /** Share of the held-out training rows that the thresholds call an anomaly. */
  readonly falseAlarms: number
}

export interface CalibrationSettings {
  readonly quiet: boolean
  /** Larger: lower thresholds, more alarms. */
  readonly sensitivity: number
}

const purgeBlocks = 10
/** A block is dropped if the distance (the root of T²) of its 90 % quantile exceeds this many times the median block's. */
const purgeRatio = 4
const mostPurged = 3
/** Assets with fewer rows are not searched for faults: ten blocks of them say nothing. */
const leastPurgeRows = 50

const calibrationBlocks = 4
const normalShare = 0.99
/** Assets with fewer rows use the class's threshold. */
const leastOwnRows = 100
/** No asset's own threshold is below this share of the class's: a machine that stood still would alarm at every start. */
const leastOwnShare = 0.5
/** One feature one scale away is never an anomaly. */
const leastThreshold = 1

/** Multiplications that one step of the calibration may take; beyond that it looks at evenly spaced rows. */
const budget = 2e7

/**
 * The rows without the blocks that hide a fault: each tenth of an asset's time is judged by a fit on the others, so
 * that a fault in the training data does not make itself normal. At most three tenths of an asset are dropped.
 */
export function purge(data: TrainingRows, signal?: AbortSignal): { rows: Uint32Array; dropped: DroppedBlock[] } {
  const byAsset = rowsByAsset(
    data,
    Uint32Array.from({ length: data.length }, (_, row) => row),
  )
  const folds = holdOut(data, byAsset, purgeBlocks)
  const share = Math.min(1, affordable(data) / data.length)
  const distances = byAsset.map(() => new Float64Array(purgeBlocks).fill(NaN))
  folds.forEach(({ held, rest }, block) => {
    const score = judge(data, rest, signal)
    held.forEach((rows, asset) => {
      distances[asset][block] = Math.sqrt(quantile(score(thin(rows, Math.ceil(rows.length * share))), 0.9))
    })
  })
  const dropped: DroppedBlock[] = []
  const kept = byAsset.map((rows, asset) => {
    const strange = rows.length < leastPurgeRows ? [] : strangeBlocks(distances[asset], data.size)
    for (const block of strange) {
      const { [asset]: held } = folds[block].held
      dropped.push({ asset: data.assets[asset], from: data.start[held[0]], to: data.end[held[held.length - 1]] })
    }
    const away = new Set(strange.flatMap((block) => [...folds[block].held[asset]]))
    return away.size === 0 ? rows : rows.filter((row) => !away.has(row))
  })
  return { rows: joinRows(kept), dropped }
}

/** Blocks far beyond the median one, the furthest first. Where nothing moved, the distance of mere noise is the measure. */
function strangeBlocks(distances: Float64Array, size: number): number[] {
  const limit = purgeRatio * Math.max(quantile(distances, 0.5), Math.sqrt(size))
  return Array.from(distances.keys())
    .filter((block) => distances[block] > limit)
    .sort((a, b) => distances[b] - distances[a])
    .slice(0, mostPurged)
    .sort((a, b) => a - b)
}

/**
 * Thresholds from held-out scores: the median of the 99 % quantiles of four blocks, or of all blocks pooled where it
 * has to be quiet; never below the 99 % quantile of the rows that were fitted.
 */
export function calibrate(
  data: TrainingRows,
  rows: Uint32Array,
  fit: T2Fit,
  settings: CalibrationSettings,
  signal?: AbortSignal,
): Thresholds {
  const byAsset = rowsByAsset(data, rows)
  const scores = byAsset.map((): Float64Array[] => [])
  for (const { held, rest } of holdOut(data, byAsset, calibrationBlocks)) {
    const score = judge(data, rest, signal)
    held.forEach((block, asset) => scores[asset].push(score(block)))
  }
  const usable = (threshold: number) => Math.max(threshold, leastThreshold) / settings.sensitivity
  const together = Array.from({ length: calibrationBlocks }, (_, block) => join(scores.map((blocks) => blocks[block])))
  const share = Math.min(1, affordable(data) / rows.length)
  const some = byAsset.map((own) => thin(own, Math.ceil(own.length * share)))
  const fitted = some.map((own) => scoreT2(fit, data, own))
  const shared = limit(together, join(fitted), settings.quiet)
  const unknown = data.assets.length > 1 ? quantile(scoreT2(fit, data, joinRows(some), true), normalShare) : 0
  const thresholds = byAsset.map((own, asset) => {
    if (own.length < leastOwnRows || data.assets.length === 1) return usable(shared)
    return usable(Math.max(limit(scores[asset], fitted[asset], settings.quiet), leastOwnShare * shared))
  })
  let above = 0
  scores.forEach((blocks, asset) => {
    for (const block of blocks) for (const score of block) if (score > thresholds[asset]) above++
  })
  return {
    byAsset: Float64Array.from(thresholds),
    pooled: usable(Math.max(shared, unknown)),
    falseAlarms: above / rows.length,
  }
}

function limit(blocks: readonly Float64Array[], fitted: Float64Array, quiet: boolean): number {
  const heldOut = quiet
    ? quantile(join(blocks), normalShare)
    : quantile(
        blocks.filter((block) => block.length > 0).map((block) => quantile(block, normalShare)),
        0.5,
      )
  return Math.max(heldOut, quantile(fitted, normalShare))
}

/** A function that scores rows by a fit on others. */
function judge(data: TrainingRows, rest: Uint32Array, signal?: AbortSignal): (rows: Uint32Array) => Float64Array {
  signal?.throwIfAborted()
  const fit = fitT2(data, thin(rest, affordable(data)))
  return (rows) => scoreT2(fit, data, rows)
}

/** Rows that the budget allows. */
function affordable({ size }: TrainingRows): number {
  return Math.ceil(budget / size ** 2)
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
