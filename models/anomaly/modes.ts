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
  /** Columns that the score leaves out: those of the tags that name the mode. */
  readonly left: readonly number[]
  /** The tags that name the mode; absent where modes were found by clustering. */
  readonly tags?: NamingTags
}

/** Tags whose values name the mode. */
export interface NamingTags {
  /** Their values by mode, in order of `Modes.columns`. */
  readonly codes: readonly (readonly number[])[]
  /** What the values of each column of `Modes.left` are divided by, so that no code is beyond what standardised features may be. */
  readonly units: readonly number[]
  /** Distance from a code, so divided, up to which a window has it. */
  readonly near: number
}

/** A mode with fewer rows is not learned. */
const leastRows = 30
/** Share of the windows that have to be in a mode: of a tag that is not discrete, some are by chance. */
const leastCovered = 0.5
/** A mean this far from a code, in steps of its tag, is a window with more than one mode. */
const codeTolerance = 0.01
const largestCode = 5000
/** Tags that name the mode together, at most, and modes that they name. */
const mostTags = 2
const mostModes = 24
/** A tag names the mode if the others' variance within its values is smaller than without it: mean logarithm of the ratio. */
const leastGain = 0.15

/** The feature that names the mode, where the settings say so. */
export function modeColumn({ modes }: Pick<AnomalySettings, 'modes'>): string | undefined {
  return typeof modes === 'object' ? `${modes.tag}.mean` : undefined
}

/**
 * The modes that the settings ask for; undefined where there is one, or where none is found. `states`: roles that hold, which
 * may name the mode. Throws a DetectorError (TRAINING_DATA) where the tag is not there, or no mode has enough rows.
 */
export function findModes(
  data: TrainingRows,
  names: readonly string[],
  modes: AnomalySettings['modes'],
  seed: number,
  states: readonly string[] = [],
): Modes | undefined {
  if (modes === 'none') return undefined
  if (modes === 'states') return modesByStates(data, names, states)
  return modes === 'auto' ? modesByLoad(data, names, seed) : modesByTag(data, names, modes.tag)
}

function modesByTag(data: TrainingRows, names: readonly string[], tag: string): Modes {
  if (!names.includes(`${tag}.mean`)) {
    throw new DetectorError('TRAINING_DATA', `the modes are named by ${tag}, but there is no feature ${tag}.mean`, {
      remedy: 'Name a role of the monitor’s assets, and keep `mean` among its features.',
    })
  }
  const found = named(data, names, [tag])
  if (found.covered < data.length * leastCovered) {
    throw new DetectorError(
      'TRAINING_DATA',
      `${tag} names the mode of ${found.covered} of ${data.length} windows only: a mode is a value that ${leastRows} windows have`,
      { remedy: 'Wait for more data, shorten the windows, or name a tag with few values for modes.' },
    )
  }
  return found.modes
}

/** One state or set point after the other, as long as the next one explains more of how the others lie. */
function modesByStates(data: TrainingRows, names: readonly string[], states: readonly string[]): Modes | undefined {
  const candidates = states.filter((state) => names.includes(`${state}.mean`))
  const judged = names.flatMap((name, column) => (states.includes(roleOf(name)) ? [] : [column]))
  let best: { modes: Modes; tags: string[]; gain: number } | undefined
  for (let tags = 0; tags < mostTags; tags++) {
    const next = candidates
      .filter((state) => !best?.tags.includes(state))
      .map((state) => [...(best?.tags ?? []), state])
      .map((tags) => ({ ...named(data, names, tags), tags }))
      .filter(
        ({ modes, covered }) => modes.count > 1 && modes.count <= mostModes && covered >= data.length * leastCovered,
      )
      .map(({ modes, tags }) => ({ modes, tags, gain: gainOf(data, modes, judged) }))
      .sort((a, b) => b.gain - a.gain)
      .at(0)
    if (!next || next.gain < (best?.gain ?? 0) + leastGain) break
    best = next
  }
  return best?.modes
}

/** Mean over the columns of the logarithm of the variance of rows in a mode over that within the modes. */
function gainOf(
  { values, size, asset, assets }: TrainingRows,
  { of, count }: Modes,
  columns: readonly number[],
): number {
  const variance = (column: number, groups: (row: number) => number) => {
    const [counts, sums, squares] = [
      new Float64Array(count * assets.length),
      new Float64Array(count * assets.length),
      new Float64Array(count * assets.length),
    ]
    for (let row = 0; row < of.length; row++) {
      const value = values[row * size + column]
      if (of[row] < 0 || Number.isNaN(value)) continue
      const group = groups(row)
      counts[group]++
      const before = value - sums[group]
      sums[group] += before / counts[group]
      squares[group] += before * (value - sums[group])
    }
    return squares.reduce((a, b) => a + b, 0)
  }
  const gains = columns.map((column) => {
    const all = variance(column, (row) => asset[row])
    const within = variance(column, (row) => asset[row] * count + of[row])
    return all > 0 ? Math.log(all / Math.max(within, all * 1e-6)) : 0
  })
  return gains.reduce((a, b) => a + b, 0) / Math.max(1, gains.length)
}

/** The modes that the values of some tags name together, and how many rows are in one. */
function named(
  { values, size, length }: TrainingRows,
  names: readonly string[],
  tags: readonly string[],
): { readonly modes: Modes; readonly covered: number } {
  const columns = tags.map((tag) => names.indexOf(`${tag}.mean`))
  const steps = columns.map((column) => stepOf(values, column, size))
  // Values are told apart by steps of their tag, so that the noise of a mean makes no other code.
  const codeOf = (row: number) => {
    const places = columns.map((column, j) => values[row * size + column] / steps[j])
    const isOne = places.every((place) => Math.abs(place - Math.round(place)) <= codeTolerance)
    return isOne ? places.map(Math.round).join(' ') : undefined
  }
  const rows = new Map<string, number>()
  const code = Array.from({ length }, (_, row) => codeOf(row))
  for (const own of code) if (own !== undefined) rows.set(own, (rows.get(own) ?? 0) + 1)
  const places = [...rows].filter(([, count]) => count >= leastRows).map(([own]) => own.split(' ').map(Number))
  places.sort((a, b) => a.reduce((order, place, j) => order || place - b[j], 0))
  const index = new Map(places.map((place, mode) => [place.join(' '), mode]))
  const of = Int32Array.from(code, (own) => (own === undefined ? -1 : (index.get(own) ?? -1)))
  const left = names.flatMap((name, at) => (tags.includes(roleOf(name)) ? [at] : []))
  const ratio = Math.max(1, ...places.flat().map((place) => Math.abs(place) / largestCode))
  const codes = places.map((place) => place.map((steps_, j) => steps_ * steps[j]))
  const title = (place: readonly number[]) =>
    tags.map((tag, j) => `${tag} ${Number(place[j].toPrecision(6))}`).join(', ')
  return {
    covered: of.reduce((sum, mode) => sum + Number(mode >= 0), 0),
    modes: {
      count: codes.length,
      of,
      names: codes.map(title),
      columns,
      left,
      tags: {
        codes,
        units: left.map((column) => steps[tags.indexOf(roleOf(names[column]))] * ratio),
        near: codeTolerance / ratio,
      },
    },
  }
}

/** What the values of a tag are multiples of: 1 of whole ones; else the smallest decimal place that its frequent values have. */
function stepOf(values: Float64Array, column: number, size: number): number {
  const counts = new Map<number, number>()
  for (let at = column; at < values.length; at += size) counts.set(values[at], (counts.get(values[at]) ?? 0) + 1)
  const frequent = [...counts]
    .filter(([value, count]) => count >= leastRows && !Number.isNaN(value))
    .map(([value]) => value)
  for (const step of [1, 0.1, 0.01, 0.001]) {
    if (frequent.every((value) => Math.abs(value / step - Math.round(value / step)) < 1e-6)) return step
  }
  return 1e-4
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
