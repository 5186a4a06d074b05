/** Eigenvalues, falling, and the eigenvector of each as a row, row-major. */
export interface Eigen {
  readonly values: Float64Array
  readonly vectors: Float64Array
}

const mostSweeps = 60

/**
 * Eigenvalues and eigenvectors of a symmetric matrix, row-major: reduced to three diagonals by Householder's reflections,
 * then QL with implicit shifts. Source: Bowdler, Martin, Reinsch and Wilkinson (1968), "The QR and QL algorithms for
 * symmetric matrices". The vectors lie in rows here, so that the inner loops run along memory.
 */
export function symmetricEigen(matrix: Float64Array, size: number): Eigen {
  const vectors = matrix.slice()
  const diagonal = new Float64Array(size)
  const beside = new Float64Array(size)
  reduce(vectors, diagonal, beside, size)
  transpose(vectors, size)
  iterate(vectors, diagonal, beside, size)
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b] - diagonal[a] || a - b)
  const sorted = new Float64Array(size * size)
  order.forEach((from, to) => sorted.set(vectors.subarray(from * size, (from + 1) * size), to * size))
  return { values: Float64Array.from(order, (index) => diagonal[index]), vectors: sorted }
}

/** Householder's reduction; `z` becomes the matrix of the transformation, its columns the new axes. */
function reduce(z: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  for (let i = n - 1; i > 0; i--) {
    const row = i * n
    let scale = 0
    for (let k = 0; k < i; k++) scale += Math.abs(z[row + k])
    if (i === 1 || scale === 0) {
      e[i] = z[row + i - 1]
      d[i] = 0
      continue
    }
    let h = 0
    for (let k = 0; k < i; k++) {
      z[row + k] /= scale
      h += z[row + k] ** 2
    }
    const f = z[row + i - 1]
    const g = f >= 0 ? -Math.sqrt(h) : Math.sqrt(h)
    e[i] = scale * g
    h -= f * g
    z[row + i - 1] = f - g
    d[i] = h
    reflect(z, e, i, h, n)
  }
  d[0] = 0
  e[0] = 0
  accumulate(z, d, n)
}

/** Applies the reflection of row `i` to the rows above it; keeps the scaled vector in column `i`. */
function reflect(z: Float64Array, e: Float64Array, i: number, h: number, n: number): void {
  const row = i * n
  let sum = 0
  for (let j = 0; j < i; j++) {
    z[j * n + i] = z[row + j] / h
    let g = 0
    for (let k = 0; k <= j; k++) g += z[j * n + k] * z[row + k]
    for (let k = j + 1; k < i; k++) g += z[k * n + j] * z[row + k]
    e[j] = g / h
    sum += e[j] * z[row + j]
  }
  const half = sum / (h + h)
  for (let j = 0; j < i; j++) {
    const f = z[row + j]
    const g = (e[j] -= half * f)
    for (let k = 0; k <= j; k++) z[j * n + k] -= f * e[k] + g * z[row + k]
  }
}

/** Multiplies the reflections together. */
function accumulate(z: Float64Array, d: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const row = i * n
    if (d[i] !== 0) {
      for (let j = 0; j < i; j++) {
        let g = 0
        for (let k = 0; k < i; k++) g += z[row + k] * z[k * n + j]
        for (let k = 0; k < i; k++) z[k * n + j] -= g * z[k * n + i]
      }
    }
    d[i] = z[row + i]
    z[row + i] = 1
    for (let j = 0; j < i; j++) z[row + j] = z[j * n + i] = 0
  }
}

/** QL with implicit shifts; the rows of `z` turn into the eigenvectors. */
function iterate(z: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  e.copyWithin(0, 1)
  e[n - 1] = 0
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; sweep < mostSweeps; sweep++) {
      let m = l
      while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++
      if (m === l) break
      let g = (d[l + 1] - d[l]) / (2 * e[l])
      const r = Math.hypot(g, 1)
      g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r))
      chase(z, d, e, n, l, m, g)
    }
  }
}

/** One sweep of rotations from row `m` down to `l`, beginning with the shift `g`. */
function chase(z: Float64Array, d: Float64Array, e: Float64Array, n: number, l: number, m: number, shift: number) {
  let [s, c, p, g] = [1, 1, 0, shift]
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i]
    const b = c * e[i]
    const r = (e[i + 1] = Math.hypot(f, g))
    if (r === 0) {
      d[i + 1] -= p
      e[m] = 0
      return
    }
    s = f / r
    c = g / r
    g = d[i + 1] - p
    const t = (d[i] - g) * s + 2 * c * b
    p = s * t
    d[i + 1] = g + p
    g = c * t - b
    rotate(z, i * n, (i + 1) * n, n, c, s)
  }
  d[l] -= p
  e[l] = g
  e[m] = 0
}

function rotate(z: Float64Array, low: number, high: number, n: number, c: number, s: number): void {
  for (let k = 0; k < n; k++) {
    const f = z[high + k]
    z[high + k] = s * z[low + k] + c * f
    z[low + k] = c * z[low + k] - s * f
  }
}

function transpose(z: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) [z[i * n + j], z[j * n + i]] = [z[j * n + i], z[i * n + j]]
  }
}
