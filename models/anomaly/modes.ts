import { DetectorError } from '../../agent/core/index.ts'
import { roleOf } from '../feature-tags.ts'
import { quantile } from '../linear-algebra.ts'
import { findClusters } from './clusters.ts'
import type { AnomalySettings } from './config.ts'
import type { TrainingRows } from './scaling.ts'

/** Ways of running, and which row of the training data belongs to which. */
export interface Modes {
  readonly count: number
  /** By row; -1: none, as on the way from one mode to another. */
  readonly of: Int32Array
  /** What each is called. */
  readonly names: readonly string[]
  /** Columns that tell the mode. */
  readonly columns: readonly number[]
  /** Columns that the score leaves out: those of the tag that names the mode. */
  readonly left: readonly number[]
  /** The tag that names the mode; absent where modes were found by clustering. */
  readonly tag?: {
    /** Its value by mode. */
    readonly codes: readonly number[]
    /** What the value is divided by, so that no code is beyond what standardised features may be. */
    readonly unit: number
  }
}

/** A mode with fewer rows is not learned. */
const leastRows = 30
/** Share of the windows that have to be in a mode: of a tag that is not discrete, some are by chance. */
const leastCovered = 0.5
/** A mean this far from a code is a window with more than one mode. */
export const codeTolerance = 0.01
const largestCode = 5000

/** The feature that names the mode, where the settings say so. */
export function modeColumn({ modes }: Pick<AnomalySettings, 'modes'>): string | undefined {
  return typeof modes === 'object' ? `${modes.tag}.mean` : undefined
}

/**
 * The modes that the settings ask for; undefined where there is one, or where clustering finds one.
 * Throws a DetectorError (TRAINING_DATA) where the tag is not there, or no mode has enough rows.
 */
export function findModes(
  data: TrainingRows,
  names: readonly string[],
  modes: AnomalySettings['modes'],
  seed: number,
): Modes | undefined {
  if (modes === 'none') return undefined
  return modes === 'auto' ? modesByLoad(data, names, seed) : modesByTag(data, names, modes.tag)
}

function modesByTag({ values, size, length }: TrainingRows, names: readonly string[], tag: string): Modes {
  const column = names.indexOf(`${tag}.mean`)
  if (column < 0) {
    throw new DetectorError('TRAINING_DATA', `the modes are named by ${tag}, but there is no feature ${tag}.mean`, {
      remedy: 'Name a role of the monitor’s assets, and keep `mean` among its features.',
    })
  }
  const rows = new Map<number, number>()
  const codeOf = (row: number) => {
    const code = Math.round(values[row * size + column])
    return Math.abs(values[row * size + column] - code) <= codeTolerance ? code : NaN
  }
  for (let row = 0; row < length; row++) rows.set(codeOf(row), (rows.get(codeOf(row)) ?? 0) + 1)
  const codes = [...rows].filter(([code, count]) => !Number.isNaN(code) && count >= leastRows).map(([code]) => code).sort((a, b) => a - b) // prettier-ignore
  const covered = codes.reduce((sum, code) => sum + rows.get(code)!, 0)
  if (covered < length * leastCovered) {
    throw new DetectorError(
      'TRAINING_DATA',
      `${tag} names the mode of ${covered} of ${length} windows only: a mode is a whole number that ${leastRows} windows have`,
      {
        remedy: 'Wait for more data, shorten the windows, or name a tag with whole numbers for modes.',
      },
    )
  }
  return {
    count: codes.length,
    of: Int32Array.from({ length }, (_, row) => codes.indexOf(codeOf(row))),
    names: codes.map((code) => `${tag} ${code}`),
    columns: [column],
    left: names.flatMap((name, at) => (roleOf(name) === tag ? [at] : [])),
    tag: { codes, unit: Math.max(1, ...codes.map((code) => Math.abs(code) / largestCode)) },
  }
}

function modesByLoad(data: TrainingRows, names: readonly string[], seed: number): Modes | undefined {
  const columns = names.flatMap((name, column) => (name.endsWith('.mean') ? [column] : []))
  if (columns.length === 0) {
    throw new DetectorError('TRAINING_DATA', 'modes are found by the means of tags, but `mean` is not among the features', { remedy: 'Add `mean` to the features of the monitor, or name the modes by a tag.' }) // prettier-ignore
  }
  const points = withinRange(data, columns)
  const clusters = findClusters(points, columns.length, { seed, least: leastRows })
  if (!clusters || clusters.count < 2) return undefined
  const { count, of } = clusters
  return { count, of, names: Array.from({ length: count }, (_, mode) => `load ${mode + 1}`), columns, left: [] }
}

/** Shares of an asset's rows between which its range lies. */
const ends = [0.02, 0.98] as const

/**
 * The given columns, each from 0 to 1 over the range of its asset; in the middle where missing. Unlike mean and standard
 * deviation a range does not depend on how long an asset runs in which mode.
 */
function withinRange({ values, size, length, asset, assets }: TrainingRows, columns: readonly number[]): Float64Array {
  const points = new Float64Array(length * columns.length)
  columns.forEach((column, j) => {
    const own = assets.map((): number[] => [])
    for (let row = 0; row < length; row++) {
      if (!Number.isNaN(values[row * size + column])) own[asset[row]].push(values[row * size + column])
    }
    const ranges = own.map((some) => ends.map((share) => quantile(some, share)))
    for (let row = 0; row < length; row++) {
      const [low, high] = ranges[asset[row]]
      const place = high > low ? (values[row * size + column] - low) / (high - low) : 0
      points[row * columns.length + j] = Number.isNaN(place) ? 0.5 : place
    }
  })
  return points
}
