import { ledoitWolf } from '../linear-algebra.ts'
import type { Method } from './method.ts'
import { affordableRows, learnQuadratic, type Estimate } from './quadratic.ts'

/**
 * Hotelling (1931), "The generalization of Student's ratio", with the covariance of Ledoit and Wolf (2004).
 */
export const hotellingT2: Method = {
  name: 'hotelling-t2',
  meaning:
    "The score is Hotelling's T²: how far a window is from the normal ones, with regard to how the features move together. About as much as there are features is ordinary.",
  leastRows: 0,
  mostRows: affordableRows,
  learn: (rows) => learnQuadratic(rows, shrunk),
}

/** Covariance after Ledoit and Wolf. */
export function shrunk(rows: Float64Array, length: number, size: number): Estimate {
  const { covariance, shrinkage } = ledoitWolf(rows, length, size)
  return { covariance, metrics: { shrinkage } }
}
