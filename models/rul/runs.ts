import { DetectorError } from '../../agent/core/index.ts'
import { quantile } from '../linear-algebra.ts'
import { seededRandom, shuffled } from '../random.ts'
import type { Exclusion } from '../report.ts'
import type { TrainingInput } from '../training.ts'

/** Rows of complete runs: each ended with a failure. */
export interface RunRows {
  /** Rows of the input, ascending. */
  readonly rows: Uint32Array
  /** Life that remained, ms. */
  readonly life: Float64Array
  /** Number of the run, from 0, in order of appearance. */
  readonly run: Int32Array
  readonly runs: number
  readonly exclusions: readonly Exclusion[]
}

/**
 * The rows that can be learned from. Throws a DetectorError (TRAINING_DATA) where there are fewer than `least` complete
 * runs, which says how many more failures are needed.
 */
export function usableRuns({ features, targets, monitor }: TrainingInput, least: number): RunRows {
  const codes = new Map<string, number>()
  const rows: number[] = []
  const run: number[] = []
  const excluded = { unfinished: 0, empty: 0, late: 0 }
  const late = staleRows(features.names.indexOf('age'), features, targets?.value)
  for (let row = 0; row < features.length; row++) {
    const life = targets?.value[row] ?? NaN
    if (!(life >= 0)) excluded.unfinished++
    else if (!hasValue(features, row)) excluded.empty++
    else if (late(row)) excluded.late++
    else {
      const key = `${Math.round(features.end[row] + life)} ${features.asset[row]}`
      if (!codes.has(key)) codes.set(key, codes.size)
      rows.push(row)
      run.push(codes.get(key)!)
    }
  }
  if (codes.size < least) throw tooFew(monitor, codes.size, least, features.length)
  const life = Float64Array.from(rows, (row) => targets!.value[row])
  return {
    rows: Uint32Array.from(rows),
    life,
    run: Int32Array.from(run),
    runs: codes.size,
    exclusions: listed(excluded),
  }
}

/** Share of the runs of which the longest life that is told apart must have been seen. */
const seenBy = 0.9

/**
 * The longest life that is told apart, ms: nine runs of ten were seen with at least so much left. A longer one would be
 * learned from the long-lived alone, of which the data of a young asset cannot say that it will be one.
 */
export function learnedCap({ life, run, runs }: RunRows): number {
  const longest = new Float64Array(runs)
  run.forEach((code, i) => (longest[code] = Math.max(longest[code], life[i])))
  return quantile(longest, 1 - seenBy)
}

/** Whole runs dealt out to folds by chance; the fold of each row. */
export function foldsOf({ run, runs }: RunRows, folds: number, seed: number): Int32Array {
  const place = new Int32Array(runs)
  shuffled(runs, seededRandom(seed)).forEach((code, i) => (place[code] = i % folds))
  return Int32Array.from(run, (code) => place[code])
}

/** Whether a row has features of the run before, because the label that ended it came late. */
function staleRows(
  age: number,
  { values, names, asset, end }: TrainingInput['features'],
  life: Float64Array | undefined,
): (row: number) => boolean {
  if (age < 0 || !life) return () => false
  const ends = new Map<string, Set<number>>()
  for (let row = 0; row < asset.length; row++) {
    if (!(life[row] >= 0)) continue
    const of = ends.get(asset[row]) ?? new Set<number>()
    ends.set(asset[row], of.add(Math.round(end[row] + life[row])))
  }
  const sorted = new Map([...ends].map(([name, times]) => [name, [...times].sort((a, b) => a - b)]))
  return (row) => {
    const start = end[row] - values[row * names.length + age] * 1000
    const before =
      sorted
        .get(asset[row])
        ?.filter((time) => time < end[row] - 0.5)
        .at(-1) ?? -Infinity
    return start < before - 0.5
  }
}

function hasValue({ values, names }: TrainingInput['features'], row: number): boolean {
  const from = row * names.length
  for (let i = from; i < from + names.length; i++) if (Number.isFinite(values[i])) return true
  return false
}

function listed({ unfinished, empty, late }: Record<'unfinished' | 'empty' | 'late', number>): Exclusion[] {
  const reasons: [string, number][] = [
    ['no failure has ended the run yet, so the life that remained is not known', unfinished],
    ['no value, or a window that reaches back into the run before', empty],
    ['the label that ended the run before came late, so age counts from the wrong beginning', late],
  ]
  return reasons.flatMap(([reason, rows]) => (rows > 0 ? [{ reason, rows }] : []))
}

function tooFew(monitor: string, runs: number, least: number, windows: number): DetectorError {
  return new DetectorError(
    'TRAINING_DATA',
    `monitor ${monitor} has ${windows} windows with ${runs} complete runs to failure, and needs ${least}: ${least - runs} more failures have to be labelled`,
    { remedy: 'Label failures when they happen (`millwright label`), import past ones, or lower `min_runs`.' },
  )
}
