import type { Report, Scalar } from '../report.ts'
import type { TrainingInput } from '../training.ts'
import type { Selection } from './selection.ts'

/** The training curve of the chosen model. */
export function curveOf({ method, regressor }: Selection): Scalar[] {
  return regressor.curve.map((value, step) => ({ tag: `${method.name}/loss`, step: step + 1, value }))
}

/** Largest resident memory of this process so far, bytes. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024
}

/** What was given, and what of it was used. */
export function dataOf({ features }: TrainingInput, rows: Uint32Array): Report['data'] {
  return {
    from: features.start.reduce((a, b) => Math.min(a, b), Infinity),
    to: features.end.reduce((a, b) => Math.max(a, b), -Infinity),
    rows: features.length,
    used: rows.length,
    assets: new Set(Array.from(rows, (row) => features.asset[row])).size,
  }
}
