import { roleOf } from '../feature-tags.ts'
import { quantile } from '../linear-algebra.ts'
import { seededRandom } from '../random.ts'
import { thin } from './blocks.ts'
import type { Held } from './calibration.ts'
import type { MethodName } from './config.ts'
import { scoreStandardised, type Subject } from './normal.ts'
import { known } from './purge.ts'
import { standardise, type TrainingRows } from './scaling.ts'
import { drawFault, withFault } from './synthetic-faults.ts'

/** How well a method does on stretches of time that it did not learn from, each at a threshold from the others. */
export interface Verdict {
  /** Share of the windows with a synthetic fault that it finds. */
  readonly detection: number
  /** Share of the windows without one that it takes for faulty. */
  readonly false_alarms: number
  /** The difference of the two (Youden 1950). */
  readonly youden: number
}

/** Another method is chosen only if it is better by more than this. */
export const margin = 0.05

const normalShare = 0.99
/** Windows of each stretch that are given faults, of all assets. */
const tried = 400

/** Puts synthetic faults into held-out windows, the same ones for every method, and counts. */
export function judgeMethod(subject: Subject, names: readonly string[], held: readonly Held[]): Verdict {
  const random = seededRandom(subject.seed)
  const tags = [...new Set(names.filter((_, column) => !subject.modes?.left.includes(column)).map(roleOf))]
  let [found, faults, alarms, sound] = [0, 0, 0, 0]
  const limits = held.map(({ scores }) => quantile(joined(scores), normalShare))
  held.forEach((block, index) => {
    const threshold = quantile(limits.filter((limit, other) => other !== index && !Number.isNaN(limit)), 0.5) // prettier-ignore
    const scores = joined(block.scores)
    sound += scores.length
    alarms += scores.filter((score) => score > threshold).length
    for (const rows of block.rows) {
      const some = thin(rows, Math.ceil(tried / block.rows.length))
      const faulty = scoresWithFaults(subject, names, tags, block, some, random)
      faults += faulty.length
      found += faulty.filter((score) => score > threshold).length
    }
  })
  const [detection, false_alarms] = [found / faults, alarms / sound]
  return { detection, false_alarms, youden: detection - false_alarms }
}

/** The best method, if it is clearly better than the first. */
export function bestOf(verdicts: ReadonlyMap<MethodName, Verdict>): MethodName {
  const [[first, own], ...others] = verdicts
  let [best, least] = [first, own.youden + margin]
  for (const [name, { youden }] of others) if (youden > least) [best, least] = [name, youden]
  return best
}

function scoresWithFaults(
  { data, modes }: Subject,
  names: readonly string[],
  tags: readonly string[],
  { normal }: Held,
  rows: Uint32Array,
  random: ReturnType<typeof seededRandom>,
): Float64Array {
  const { size, values } = data
  const rowAt = (row: number) => values.subarray(row * size, (row + 1) * size)
  const changed = new Float64Array(rows.length * size)
  rows.forEach((row, i) => {
    const scale = normal.scaling.scale.subarray(data.asset[row] * size, (data.asset[row] + 1) * size)
    const other = rowAt(rows[random.integer(rows.length)])
    changed.set(withFault(rowAt(row), names, scale, { ...drawFault(random, tags), other }), i * size)
  })
  const copy: TrainingRows = { ...data, values: changed, asset: Uint32Array.from(rows, (row) => data.asset[row]) }
  const every = Uint32Array.from(rows.keys())
  const standardised = standardise(copy, normal.scaling, every, { missing: normal.front ? NaN : 0 })
  const mode = Int32Array.from(rows, (row) => modes?.of[row] ?? 0)
  return known(scoreStandardised(normal, standardised, mode))
}

function joined(scores: readonly Float64Array[]): Float64Array {
  return known(Float64Array.from(scores.flatMap((some) => Array.from(some))))
}
