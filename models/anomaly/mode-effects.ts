import type { Modes } from './modes.ts'
import type { TrainingRows } from './scaling.ts'

/** Assets and modes are told apart by turns; this many are enough where assets run in similar shares of the modes. */
const turns = 4

/**
 * The rows as if they all ran in the same mode: what a mode adds to each feature in all assets is taken off. So the place
 * and scale of an asset do not depend on how long it ran in which mode. An analysis of variance in two ways.
 */
export function withoutEffects(data: TrainingRows, rows: Uint32Array, modes: Modes): TrainingRows {
  const { size, values, asset, assets } = data
  const effects = new Float64Array(modes.count * size)
  const adjusted = values.slice()
  for (let turn = 0; turn < turns; turn++) {
    const places = means(rows, size, assets.length, (row) => asset[row], (row, j) => values[row * size + j] - effects[modes.of[row] * size + j]) // prettier-ignore
    effects.set(means(rows, size, modes.count, (row) => modes.of[row], (row, j) => values[row * size + j] - places[asset[row] * size + j])) // prettier-ignore
  }
  for (const row of rows) {
    for (let j = 0; j < size; j++) adjusted[row * size + j] -= effects[modes.of[row] * size + j]
  }
  return { ...data, values: adjusted }
}

/** Mean of each feature by group; 0 for a group without values. */
function means(
  rows: Uint32Array,
  size: number,
  groups: number,
  group: (row: number) => number,
  value: (row: number, column: number) => number,
): Float64Array {
  const sums = new Float64Array(groups * size)
  const counts = new Float64Array(groups * size)
  for (const row of rows) {
    for (let j = 0, at = group(row) * size; j < size; j++, at++) {
      const one = value(row, j)
      if (Number.isNaN(one)) continue
      sums[at] += one
      counts[at]++
    }
  }
  return sums.map((sum, at) => (counts[at] > 0 ? sum / counts[at] : 0))
}
