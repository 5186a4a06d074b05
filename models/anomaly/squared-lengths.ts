/** Squared length of W z for each row z, four rows at a time: W is read once for them. */
export function squaredLengths(whitening: Float64Array, rows: Float64Array, size: number, to: Float64Array): void {
  const length = rows.length / size
  const four = new Float64Array(4)
  for (let row = 0; row < length; row += 4) {
    const count = Math.min(4, length - row)
    fourLengths(whitening, rows, size, row, count, four)
    for (let i = 0; i < count; i++) to[row + i] = four[i]
  }
}

/** Squared lengths of four rows from `row` on; the last one stands in for rows beyond `count`. */
function fourLengths(
  whitening: Float64Array,
  rows: Float64Array,
  size: number,
  row: number,
  count: number,
  to: Float64Array,
): void {
  const a = row * size
  const b = (row + Math.min(1, count - 1)) * size
  const c = (row + Math.min(2, count - 1)) * size
  const d = (row + Math.min(3, count - 1)) * size
  to.fill(0)
  for (let j = 0; j < size; j++) {
    const from = j * size
    let [sa, sb, sc, sd] = [0, 0, 0, 0]
    for (let k = 0; k <= j; k++) {
      const weight = whitening[from + k]
      sa += weight * rows[a + k]
      sb += weight * rows[b + k]
      sc += weight * rows[c + k]
      sd += weight * rows[d + k]
    }
    to[0] += sa * sa
    to[1] += sb * sb
    to[2] += sc * sc
    to[3] += sd * sd
  }
}
