import { DetectorError, type FeatureBatch } from '../../agent/core/index.ts'
import type { Matrix } from '../matrix.ts'
import type { Exclusion } from '../report.ts'
import type { TrainingInput } from '../training.ts'

/** Fewest rows of a class that is learned: one for each fold. */
export const leastOfClass = 5

/** The labelled windows of a training in order of their time. */
export interface LabelledRows {
  readonly data: Matrix
  /** Code of the class of each row. */
  readonly target: Float64Array
  /** Names of the classes that are learned, the sound state first where there is one. */
  readonly classes: readonly string[]
  /** Whether the sound state is among them: else each row is of one fault or another. */
  readonly hasSound: boolean
  readonly asset: readonly string[]
  readonly start: Float64Array
  readonly end: Float64Array
  /** What was left out. */
  readonly exclusions: readonly Exclusion[]
  readonly notes: readonly string[]
}

/**
 * Windows that have a class and at least one feature. Classes with fewer than five of them are left out and said so.
 * Throws a DetectorError (TRAINING_DATA) where no fault remains, or too few rows.
 */
export function labelledRows({ features, targets, monitor }: TrainingInput, least: number): LabelledRows {
  const named = targets?.classes ?? []
  const labelled = codes(features.length, targets?.value, named.length)
  const known = labelled.filter((row) => someValue(features, row))
  const counts = named.map((_, code) => known.filter((row) => targets!.value[row] === code).length)
  const kept = named.flatMap((_, code) => (counts[code] >= leastOfClass ? [code] : []))
  const rows = known.filter((row) => kept.includes(targets!.value[row]))
  check(monitor, named, counts, kept, rows.length, least)
  rows.sort((a, b) => features.end[a] - features.end[b] || (features.asset[a] < features.asset[b] ? -1 : features.asset[a] > features.asset[b] ? 1 : a - b)) // prettier-ignore
  const data = matrixOf(features, rows)
  return {
    data,
    target: Float64Array.from(rows, (row) => kept.indexOf(targets!.value[row])),
    classes: kept.map((code) => named[code]),
    hasSound: kept.includes(0),
    asset: rows.map((row) => features.asset[row]),
    start: Float64Array.from(rows, (row) => features.start[row]),
    end: Float64Array.from(rows, (row) => features.end[row]),
    exclusions: [
      { reason: 'no label', rows: features.length - labelled.length },
      { reason: 'no feature has a value', rows: labelled.length - known.length },
      ...named.flatMap((name, code) =>
        kept.includes(code)
          ? []
          : [{ reason: `class ${name} has fewer than ${leastOfClass} windows`, rows: counts[code] }],
      ),
    ].filter((exclusion) => exclusion.rows > 0),
    notes: [
      ...notesOn(data, features.names),
      ...(kept.includes(0)
        ? []
        : [`No window of the sound state "${named[0]}" was labelled: each verdict is one of the others.`]),
    ],
  }
}

/** The features of the given rows in float32, as the model takes them; what is not finite is missing. */
export function matrixOf({ values, names }: FeatureBatch, rows: readonly number[]): Matrix {
  const columns = names.length
  const picked = new Float32Array(rows.length * columns)
  rows.forEach((row, at) => {
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column]
      picked[at * columns + column] = Number.isFinite(value) ? value : NaN
    }
  })
  return { rows: rows.length, columns, values: picked }
}

/** Rows with a valid class. */
function codes(length: number, value: Float64Array | undefined, classes: number): number[] {
  if (!value) return []
  return Array.from({ length }, (_, row) => row).filter((row) => value[row] >= 0 && value[row] < classes)
}

function someValue({ values, names }: FeatureBatch, row: number): boolean {
  return values.subarray(row * names.length, (row + 1) * names.length).some((value) => Number.isFinite(value))
}

function check(
  monitor: string,
  named: readonly string[],
  counts: readonly number[],
  kept: readonly number[],
  rows: number,
  least: number,
): void {
  const seen = named.map((name, code) => `${name}: ${counts[code]}`).join(', ')
  if (counts.every((count) => count === 0)) {
    throw lacking(`monitor ${monitor} has no labelled windows to learn faults from`)
  }
  if (kept.length < 2) {
    const other = kept.includes(0) ? 'a fault' : 'another class'
    throw lacking(
      `monitor ${monitor} has windows of one class only, and needs ${leastOfClass} of ${other} as well (${seen})`,
    )
  }
  if (rows < least) {
    throw lacking(`monitor ${monitor} has ${rows} labelled windows, and needs ${least}: ${least - rows} more (${seen})`)
  }
}

function lacking(message: string): DetectorError {
  return new DetectorError('TRAINING_DATA', message, {
    remedy: 'Label more windows with `millwright label`, over MQTT or HTTP, or in a label column of the CSV.',
  })
}

function notesOn({ rows, columns, values }: Matrix, names: readonly string[]): string[] {
  const dead: string[] = []
  const constant: string[] = []
  for (let column = 0; column < columns; column++) {
    const seen = new Set<number>()
    for (let row = 0; row < rows && seen.size < 2; row++) {
      const value = values[row * columns + column]
      if (!Number.isNaN(value)) seen.add(value)
    }
    if (seen.size === 0) dead.push(names[column])
    if (seen.size === 1) constant.push(names[column])
  }
  const missing = values.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0) / values.length
  return [
    ...(dead.length > 0 ? [`Never had a value: ${dead.join(', ')}.`] : []),
    ...(constant.length > 0 ? [`Never changed: ${constant.join(', ')}.`] : []),
    ...(missing > 0.2 ? [`${Math.round(100 * missing)} % of the feature values are missing.`] : []),
    ...(rows < columns
      ? [
          `Fewer windows (${rows}) than features (${columns}): do not rely on this model before more windows are labelled.`,
        ]
      : []),
  ]
}
