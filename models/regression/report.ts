import type { Scalar } from '../report.ts'
import type { Selection } from './selection.ts'

/** The training curve of the chosen model. */
export function curveOf({ method, regressor }: Selection): Scalar[] {
  return regressor.curve.map((value, step) => ({ tag: `${method.name}/loss`, step: step + 1, value }))
}

/** Largest resident memory of this process so far, bytes. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024
}
