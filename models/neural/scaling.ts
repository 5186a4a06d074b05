import type { Matrix } from '../matrix.ts'

/** How inputs are brought to one scale: (value - mean) * factor, in float32, kept within `furthest`; 0 where missing. */
export interface InputScaling {
  readonly mean: Float32Array
  /** 0 for a column that never had a value: it says nothing. */
  readonly factor: Float32Array
}

/** A network knows nothing of inputs this many standard deviations from what it learned from. */
export const furthest = 10

/** Below this share of the mean a standard deviation is rounding, and the column constant. */
const rounding = 1e-6

/** Mean and spread of each column over the values that are there. */
export function fitInputScaling({ rows, columns, values }: Matrix): InputScaling {
  const mean = new Float32Array(columns)
  const factor = new Float32Array(columns)
  for (let column = 0; column < columns; column++) {
    let count = 0
    let sum = 0
    for (let row = 0, at = column; row < rows; row++, at += columns) {
      if (!Number.isFinite(values[at])) continue
      count++
      sum += values[at]
    }
    if (count === 0) continue
    const centre = Math.fround(sum / count)
    let squares = 0
    for (let row = 0, at = column; row < rows; row++, at += columns) {
      if (Number.isFinite(values[at])) squares += (values[at] - centre) ** 2
    }
    const spread = Math.sqrt(squares / count)
    mean[column] = centre
    factor[column] = 1 / (spread > rounding * Math.abs(centre) ? spread : Math.abs(centre) / 100 || 1)
  }
  return { mean, factor }
}

/** The matrix at one scale: bit for bit what the exported graph makes of it. */
export function scaleInputs({ mean, factor }: InputScaling, { rows, columns, values }: Matrix): Matrix {
  const scaled = new Float32Array(values.length)
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      const distance = Math.fround(Math.fround(values[at] - mean[column]) * factor[column])
      scaled[at] = Number.isNaN(distance) ? 0 : Math.max(-furthest, Math.min(furthest, distance))
    }
  }
  return { rows, columns, values: scaled }
}
