/** Rows of float32 features, row-major; NaN is missing. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float32Array
}

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

/** Sorts the values of each column into at most `most` bins of about as many rows each. */
export function binned(data: Matrix, most: number): Bins {
  const { rows, columns } = data
  const codes = new Uint8Array(rows * columns)
  const cuts: Float32Array[] = []
  const offsets = new Int32Array(columns + 1)
  const column = new Float32Array(rows)
  for (let j = 0; j < columns; j++) {
    for (let i = 0, at = j; i < rows; i++, at += columns) column[i] = data.values[at]
    const edges = cutsOf(column, most)
    encode(column, edges, codes.subarray(j * rows, (j + 1) * rows))
    cuts.push(edges)
    offsets[j + 1] = offsets[j] + edges.length + 2
  }
  return { rows, columns, codes, cuts, offsets }
}

/** Where bins end: halfway between two values that occur, so that every value lies in the bin it was counted in. */
function cutsOf(column: Float32Array, most: number): Float32Array {
  const known = column.filter((value) => !Number.isNaN(value)).sort()
  const distinct = countDistinct(known)
  const cuts: number[] = []
  let inBin = 0
  let left = known.length
  for (let i = 1; i < known.length && cuts.length < most - 1; i++) {
    inBin++
    if (known[i] === known[i - 1]) continue
    if (distinct > most && inBin < left / (most - cuts.length)) continue
    cuts.push(between(known[i - 1], known[i]))
    left -= inBin
    inBin = 0
  }
  return Float32Array.from(cuts)
}

function countDistinct(sorted: Float32Array): number {
  let distinct = sorted.length === 0 ? 0 : 1
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) distinct++
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
