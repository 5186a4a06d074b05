import type { GraphPart } from '../onnx/graph.ts'
import type { Modes } from './modes.ts'
import { furthest, usableScale } from './scaling.ts'
import type { Way } from './ways.ts'

/**
 * Where each mode lies, in standardised features, and the ways between them. Row-major by mode. A row that is on a way,
 * or near no mode of a tag, belongs to none.
 */
export interface Front {
  readonly size: number
  readonly modes: number
  /** Rows that each mode was learned from. */
  readonly rows: Float64Array
  readonly columns: readonly number[]
  /** By place: the modes, then the ways. */
  readonly centres: Float64Array
  /** Squared distance up to which a place counts. */
  readonly limits: Float64Array
  readonly mean: Float64Array
  /** One over the scale within the mode; 0 for a feature that the score leaves out. */
  readonly factor: Float64Array
}

/** Beyond all limits; squares of standardised features are smaller. */
const nowhere = 1e30

/** Learns where the modes lie from standardised rows, NaN where a value is missing. */
export function fitFront(rows: Float64Array, size: number, of: Int32Array, modes: Modes, ways: readonly Way[]): Front {
  const { count, columns, left, tags } = modes
  const { mean, factor } = momentsByMode(rows, size, of, count)
  for (const column of left) for (let mode = 0; mode < count; mode++) factor[mode * size + column] = 0
  const width = columns.length
  const centres = new Float64Array((count + ways.length) * width)
  for (let mode = 0; mode < count; mode++) {
    columns.forEach((column, j) => {
      const code = tags && tags.codes[mode][j] / tags.units[left.indexOf(column)]
      centres[mode * width + j] = code ?? mean[mode * size + column]
    })
  }
  ways.forEach(({ centre }, index) => centres.set(centre, (count + index) * width))
  const limits = new Float64Array(count + ways.length).fill(tags ? tags.near ** 2 : nowhere / 10)
  ways.forEach(({ radius }, index) => (limits[count + index] = radius ** 2))
  const learned = new Float64Array(count)
  for (const mode of of) learned[mode]++
  return { size, modes: count, rows: learned, columns, centres, limits, mean, factor }
}

function momentsByMode(rows: Float64Array, size: number, of: Int32Array, count: number) {
  const mean = new Float64Array(count * size)
  const factor = new Float64Array(count * size)
  const counts = new Float64Array(count * size)
  const each = (add: (value: number, at: number) => void) => {
    for (let row = 0; row < of.length; row++) {
      if (of[row] < 0) continue
      for (let j = 0; j < size; j++) {
        if (!Number.isNaN(rows[row * size + j])) add(rows[row * size + j], of[row] * size + j)
      }
    }
  }
  each((value, at) => {
    counts[at]++
    mean[at] += value
  })
  for (let at = 0; at < mean.length; at++) if (counts[at] > 0) mean[at] /= counts[at]
  each((value, at) => (factor[at] += (value - mean[at]) ** 2))
  for (let at = 0; at < mean.length; at++) {
    factor[at] = counts[at] > 0 ? 1 / usableScale(Math.sqrt(factor[at] / counts[at]), mean[at]) : 0
  }
  return { mean, factor }
}

/** The mode of a standardised row; -1: none. */
export function modeOf({ columns, centres, limits, modes }: Front, row: Float64Array): number {
  const width = columns.length
  if (columns.every((column) => Number.isNaN(row[column]))) return -1
  let best = -1
  let least = nowhere
  for (let place = 0; place < limits.length; place++) {
    let distance = 0
    columns.forEach((column, j) => {
      if (!Number.isNaN(row[column])) distance += (row[column] - centres[place * width + j]) ** 2
    })
    if (distance <= limits[place] && distance < least) [best, least] = [place, distance]
  }
  return best < modes ? best : -1
}

/** Rows from the middle of their mode, in its scales; 0 where a value is missing or left out. */
export function centreRows({ size, mean, factor }: Front, rows: Float64Array, of: Int32Array): Float64Array {
  const result = new Float64Array(rows.length)
  for (let row = 0, at = 0; row < of.length; row++) {
    for (let j = 0, place = of[row] * size; j < size; j++, at++, place++) {
      const distance = (rows[at] - mean[place]) * factor[place]
      result[at] = distance > -Infinity ? Math.max(-furthest, Math.min(furthest, distance)) : 0
    }
  }
  return result
}

/**
 * The front as a part of an ONNX graph: from `features` [batch, size], NaN where missing, to `rows` [batch, size], `mode`
 * [batch, modes], and `factor_of_score` [batch, 1], which is NaN where a row belongs to no mode.
 */
export function frontGraph(front: Front, factors: Float64Array): GraphPart {
  const { size, modes, columns, centres, limits, mean, factor } = front
  const places = limits.length
  const width = columns.length
  const padded = (values: Float64Array, value: number) => {
    const all = new Float64Array(places * (values.length / modes)).fill(value)
    all.set(values)
    return all
  }
  const oneHot = new Float64Array(places * modes)
  for (let mode = 0; mode < modes; mode++) oneHot[mode * modes + mode] = 1
  const ints = (name: string, ...values: number[]) => ({ name, shape: [values.length], values: BigInt64Array.from(values, BigInt) }) // prettier-ignore
  return {
    constants: [
      ints('telling', ...columns),
      { name: 'centres', shape: [1, places, width], values: centres },
      { name: 'limits', shape: [1, places], values: limits },
      { name: 'nowhere', shape: [], values: Float64Array.of(nowhere) },
      { name: 'none', shape: [], values: Float64Array.of(0) },
      { name: 'one', shape: [], values: Float64Array.of(1) },
      { name: 'no_score', shape: [], values: Float64Array.of(NaN) },
      { name: 'least_distance', shape: [], values: Float64Array.of(-furthest) },
      { name: 'most_distance', shape: [], values: Float64Array.of(furthest) },
      { name: 'mode_means', shape: [places, size], values: padded(mean, 0) },
      { name: 'mode_factors', shape: [places, size], values: padded(factor, 0) },
      { name: 'mode_scores', shape: [places, 1], values: padded(factors, NaN) },
      { name: 'mode_table', shape: [places, modes], values: oneHot },
      ints('axis_1', 1),
      ints('axis_2', 2),
    ],
    steps: [
      { operator: 'Gather', inputs: ['features', 'telling'], outputs: ['load'], attributes: { axis: 1 } },
      { operator: 'Unsqueeze', inputs: ['load', 'axis_1'], outputs: ['load_once'] },
      { operator: 'Sub', inputs: ['load_once', 'centres'], outputs: ['offsets'] },
      { operator: 'IsNaN', inputs: ['offsets'], outputs: ['offsets_missing'] },
      { operator: 'Where', inputs: ['offsets_missing', 'none', 'offsets'], outputs: ['offsets_known'] },
      { operator: 'Mul', inputs: ['offsets_known', 'offsets_known'], outputs: ['offsets_squared'] },
      { operator: 'ReduceSum', inputs: ['offsets_squared', 'axis_2'], outputs: ['distances'], attributes: { keepdims: 0 } }, // prettier-ignore
      { operator: 'LessOrEqual', inputs: ['distances', 'limits'], outputs: ['within'] },
      { operator: 'Where', inputs: ['within', 'distances', 'nowhere'], outputs: ['distances_within'] },
      { operator: 'ArgMin', inputs: ['distances_within'], outputs: ['place'], attributes: { axis: 1, keepdims: 0 } },
      { operator: 'ReduceMin', inputs: ['distances_within'], outputs: ['nearest'], attributes: { axes: { ints: [1] }, keepdims: 1 } }, // prettier-ignore
      { operator: 'Less', inputs: ['nearest', 'nowhere'], outputs: ['near'] },
      { operator: 'IsNaN', inputs: ['load'], outputs: ['load_missing'] },
      { operator: 'Where', inputs: ['load_missing', 'none', 'one'], outputs: ['load_known'] },
      { operator: 'ReduceMax', inputs: ['load_known'], outputs: ['known'], attributes: { axes: { ints: [1] }, keepdims: 1 } }, // prettier-ignore
      { operator: 'Greater', inputs: ['known', 'none'], outputs: ['is_known'] },
      { operator: 'And', inputs: ['near', 'is_known'], outputs: ['has_mode'] },
      { operator: 'Gather', inputs: ['mode_scores', 'place'], outputs: ['factor_of_place'], attributes: { axis: 0 } },
      { operator: 'Where', inputs: ['has_mode', 'factor_of_place', 'no_score'], outputs: ['factor_of_score'] },
      { operator: 'Gather', inputs: ['mode_table', 'place'], outputs: ['mode'], attributes: { axis: 0 } },
      { operator: 'Gather', inputs: ['mode_means', 'place'], outputs: ['own_means'], attributes: { axis: 0 } },
      { operator: 'Gather', inputs: ['mode_factors', 'place'], outputs: ['own_factors'], attributes: { axis: 0 } },
      { operator: 'Sub', inputs: ['features', 'own_means'], outputs: ['from_mode'] },
      { operator: 'Mul', inputs: ['from_mode', 'own_factors'], outputs: ['in_scales'] },
      { operator: 'IsNaN', inputs: ['in_scales'], outputs: ['missing'] },
      { operator: 'Where', inputs: ['missing', 'none', 'in_scales'], outputs: ['in_scales_known'] },
      { operator: 'Clip', inputs: ['in_scales_known', 'least_distance', 'most_distance'], outputs: ['rows'] },
    ],
  }
}
