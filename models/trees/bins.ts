import type { Matrix } from '../matrix.ts'

/** A matrix as bins. Bin b of a column holds the values up to `cuts[b]`; the one after its last bin holds the missing. */
export interface Bins {
  readonly rows: number
  readonly columns: number
  /** Column-major. */
  readonly codes: Uint8Array
  readonly cuts: readonly Float32Array[]
  /** First cell of each column in a histogram of all columns; the last entry is their number. */
  readonly offsets: Int32Array
}

/**
 * Sorts the values of each column into at most `most` bins of about the same weight. `weights`: how finely to look at
 * the rows, for one row beside another.
 */
export function binned(data: Matrix, most: number, weights: Float64Array): Bins {
  const { rows, columns } = data
  const codes = new Uint8Array(rows * columns)
  const cuts: Float32Array[] = []
  const offsets = new Int32Array(columns + 1)
  const column = new Float32Array(rows)
  for (let j = 0; j < columns; j++) {
    for (let i = 0, at = j; i < rows; i++, at += columns) column[i] = data.values[at]
    const edges = cutsOf(column, most, weights)
    encode(column, edges, codes.subarray(j * rows, (j + 1) * rows))
    cuts.push(edges)
    offsets[j + 1] = offsets[j] + edges.length + 2
  }
  return { rows, columns, codes, cuts, offsets }
}

/** Where bins end: halfway between two values that occur, so that every value lies in the bin it was counted in. */
function cutsOf(column: Float32Array, most: number, weights: Float64Array): Float32Array {
  const order = sortedRows(column)
  const cuts: number[] = []
  const fine = countDistinct(column, order) > most
  let left = 0
  for (const row of order) left += weights[row]
  let inBin = 0
  for (let i = 1; i < order.length && cuts.length < most - 1; i++) {
    const below = column[order[i - 1]]
    const above = column[order[i]]
    inBin += weights[order[i - 1]]
    if (above === below) continue
    if (fine && inBin < left / (most - cuts.length)) continue
    cuts.push(between(below, above))
    left -= inBin
    inBin = 0
  }
  return Float32Array.from(cuts)
}

/** Rows that have a value, ascending by it: by a sort of numbers that hold the order of the value and the row. */
function sortedRows(column: Float32Array): Uint32Array {
  const bits = new Int32Array(column.buffer, column.byteOffset, column.length)
  const keys = new Float64Array(column.length)
  let known = 0
  for (let row = 0; row < column.length; row++) {
    if (Number.isNaN(column[row])) continue
    // The bits of a float ascend with its size; those of a negative one descend.
    const order = column[row] === 0 ? 0 : bits[row] < 0 ? -(bits[row] & 0x7fffffff) : bits[row]
    keys[known++] = order * 2 ** 21 + row
  }
  const sorted = keys.subarray(0, known).sort()
  return Uint32Array.from(sorted, (key) => key - Math.floor(key / 2 ** 21) * 2 ** 21)
}

function countDistinct(column: Float32Array, order: Uint32Array): number {
  let distinct = order.length === 0 ? 0 : 1
  for (let i = 1; i < order.length; i++) if (column[order[i]] !== column[order[i - 1]]) distinct++
  return distinct
}

/** A float32 that is not below `low` and below `high`. */
function between(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2)
  return middle >= low && middle < high ? middle : low
}

function encode(column: Float32Array, cuts: Float32Array, codes: Uint8Array): void {
  for (let i = 0; i < column.length; i++) {
    const value = column[i]
    if (Number.isNaN(value)) {
      codes[i] = cuts.length + 1
      continue
    }
    let low = 0
    let high = cuts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (value <= cuts[middle]) high = middle
      else low = middle + 1
    }
    codes[i] = low
  }
}
