import type { FeatureBatch } from '../../agent/core/index.ts'

/** What to make: a healthy machine's features, with a fault from some row on. */
export interface Synthetic {
  readonly length: number
  readonly tags?: number
  /** Rows are dealt out to these in turn; each lies elsewhere and spreads differently. */
  readonly assets?: readonly string[]
  readonly seed?: number
  /** Rows for which the first tag leaves its relation to the others, in standard deviations. */
  readonly fault?: { readonly from: number; readonly to: number; readonly size: number }
  /** Time of the first row, ms. */
  readonly from?: number
}

/** Uniform random numbers in [0, 1) that are the same in every run. */
export function random(seed: number): () => number {
  let state = seed * 7919 + 1
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}

/** Features `<tag>.mean` and `<tag>.std` of machines whose tags follow a common load; windows of 10 s every 10 s. */
export function synthetic({
  length,
  tags = 3,
  assets = ['pump1'],
  seed = 1,
  fault,
  from = 0,
}: Synthetic): FeatureBatch {
  const next = random(seed)
  const noise = () => next() + next() + next() - 1.5
  const names = Array.from({ length: tags * 2 }, (_, i) => `tag${i >> 1}.${i % 2 === 0 ? 'mean' : 'std'}`)
  const values = new Float64Array(length * names.length)
  for (let row = 0, at = 0; row < length; row++) {
    const place = row % assets.length
    const load = noise()
    const faulty = fault !== undefined && row >= fault.from && row < fault.to
    for (let column = 0; column < names.length; column++) {
      const extra = faulty && column < 2 ? fault.size : 0
      values[at++] = 10 * (column + 1) + 50 * place + (1 + place) * (load + 0.5 * noise() + extra)
    }
  }
  const time = (row: number) => from + Math.floor(row / assets.length) * 10_000
  return {
    length,
    names,
    values,
    asset: Array.from({ length }, (_, row) => assets[row % assets.length]),
    start: Float64Array.from({ length }, (_, row) => time(row)),
    end: Float64Array.from({ length }, (_, row) => time(row) + 10_000),
    coverage: new Float64Array(length).fill(1),
    revision: new Uint16Array(length).fill(1),
  }
}

/** The given rows of a feature batch, in that order. */
export function pick(batch: FeatureBatch, rows: readonly number[]): FeatureBatch {
  const size = batch.names.length
  return {
    ...batch,
    length: rows.length,
    values: Float64Array.from(rows.flatMap((row) => Array.from(batch.values.subarray(row * size, (row + 1) * size)))),
    asset: rows.map((row) => batch.asset[row]),
    start: Float64Array.from(rows, (row) => batch.start[row]),
    end: Float64Array.from(rows, (row) => batch.end[row]),
    coverage: Float64Array.from(rows, (row) => batch.coverage[row]),
    revision: Uint16Array.from(rows, (row) => batch.revision[row]),
  }
}
