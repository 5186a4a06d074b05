/** Rows of numbers, row-major: `values[row * columns + column]`. NaN where a value is missing. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float32Array
}
