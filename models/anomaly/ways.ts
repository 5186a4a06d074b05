import { quantile } from '../linear-algebra.ts'
import { seededRandom } from '../random.ts'
import { assign, bestCentres } from './clusters.ts'

/** A place between modes that a machine passes again and again, such as a start-up. */
export interface Way {
  /** In the standardised columns that tell the mode. */
  readonly centre: Float64Array
  /** A window nearer than this, and nearer than to any mode, is on the way. */
  readonly radius: number
}

const mostWays = 6
/** Rows and stretches of time, of ten, in which it has to occur: what comes once may be a fault. */
const leastRows = 4
const leastStretches = 3

/** Ways among the rows that belong to no mode. `points`: row-major, `size` wide; `stretch`: tenth of the time by row. */
export function findWays(points: Float64Array, size: number, stretch: Int32Array, seed: number): Way[] {
  const every = Array.from(stretch.keys())
  const count = Math.min(mostWays, Math.floor(every.length / leastRows))
  if (count === 0) return []
  const centres = bestCentres(points, size, every, count, seededRandom(seed))
  const of = assign(points, size, centres)
  return Array.from({ length: count }, (_, way) => way).flatMap((way): Way[] => {
    const rows = every.filter((row) => of[row] === way)
    if (rows.length < leastRows || new Set(rows.map((row) => stretch[row])).size < leastStretches) return []
    const centre = centres.slice(way * size, (way + 1) * size)
    const distances = rows.map((row) => Math.hypot(...centre.map((place, j) => points[row * size + j] - place)))
    return [{ centre, radius: quantile(distances, 0.95) }]
  })
}
