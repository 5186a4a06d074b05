import { DetectorError } from '../../agent/core/index.ts'
import type { Exclusion } from '../report.ts'
import type { TrainingInput } from '../training.ts'

/** Rows with a measured value. */
export interface LabelRows {
  /** Rows of the input, ascending by time. */
  readonly rows: Uint32Array
  readonly value: Float64Array
  readonly exclusions: readonly Exclusion[]
}

/**
 * The rows that can be learned from: with a measured value and a feature, not older than `span` (ms) before the newest.
 * Throws a DetectorError (TRAINING_DATA) where there are fewer than `least`, which says how many more are needed.
 */
export function usableLabels({ features, targets, monitor }: TrainingInput, least: number, span = Infinity): LabelRows {
  const { length, names, values, end } = features
  const value = targets?.value ?? new Float64Array(length).fill(NaN)
  const measured = Array.from({ length }, (_, row) => row).filter((row) => Number.isFinite(value[row]))
  const newest = measured.reduce((latest, row) => Math.max(latest, end[row]), -Infinity)
  const recent = measured.filter((row) => end[row] >= newest - span)
  const known = (row: number) => values.subarray(row * names.length, (row + 1) * names.length).some(Number.isFinite)
  const rows = recent.filter(known)
  if (rows.length < least) throw tooFew(monitor, length, rows.length, least)
  const excluded: [string, number][] = [
    ['no measured value', length - measured.length],
    ['measured longer ago than it learns from', measured.length - recent.length],
    ['no feature has a value', recent.length - rows.length],
  ]
  return {
    rows: Uint32Array.from(rows),
    value: Float64Array.from(rows, (row) => value[row]),
    exclusions: excluded.flatMap(([reason, count]) => (count > 0 ? [{ reason, rows: count }] : [])),
  }
}

function tooFew(monitor: string, windows: number, labels: number, least: number): DetectorError {
  return new DetectorError(
    'TRAINING_DATA',
    `monitor ${monitor} has ${windows} windows with ${labels} measured values, and needs ${least}: ${least - labels} more`,
    { remedy: 'Send measured values as labels (`millwright label`, MQTT, HTTP or CSV), or learn from a longer time.' },
  )
}
