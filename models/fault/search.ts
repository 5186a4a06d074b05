import type { Candidate, Scalar } from '../report.ts'
import { defaultSeed, type TrainingContext } from '../training.ts'
import { calibrate, probabilities, rowLosses, type Calibration } from './calibration.ts'
import { candidatesOf, extended, ordered, type Derived } from './derived.ts'
import {
  accuracyOf,
  averagePrecision,
  chooseThreshold,
  conclusions,
  confusionOf,
  f1Above,
  f1OfClasses,
  type Rule,
  scoresOf,
} from './figures.ts'
import type { Fold } from './folds.ts'
import { boostedTrees, perceptron, type Learner, type Member, type Model } from './learners.ts'
import type { LabelledRows } from './rows.ts'

/** A candidate with its figures on rows that were held out. */
export interface Trial {
  readonly learner: Learner
  readonly derived: readonly Derived[]
  readonly model: Model
  readonly calibration: Calibration
  /** Calibrated probabilities of the held-out rows, rows x classes. */
  readonly shares: Float64Array
  readonly rule: Rule
  readonly candidate: Candidate
  readonly losses: Float64Array
  /** Mean gain per column, where the learner knows it. */
  readonly importance: Float64Array | undefined
  readonly scalars: readonly Scalar[]
  readonly backend: string
}

/** All that was tried, the best one, and what was left out for want of time. */
export interface Search {
  readonly trials: readonly Trial[]
  readonly chosen: Trial
  readonly notes: readonly string[]
}

interface Proposal {
  readonly name: string
  readonly learner: Learner
  readonly derived: readonly Derived[]
  /** Share of the way from equal rows (0) to equal classes (1). */
  readonly balance: number
}

/** Columns whose pairs are tried, the most useful ones. */
const pairedColumns = 8
/** How many derived columns are kept, one after the other. */
const derivedCounts = [12, 6, 3]

/** Tries what might be better, one after the other, against the best so far, until the budget is used up. */
export async function search(
  rows: LabelledRows,
  folds: readonly Fold[],
  names: readonly string[],
  context: TrainingContext,
  costs: readonly number[] = rows.classes.map(() => 1),
): Promise<Search> {
  const until = performance.now() + (context.budget ?? Infinity)
  const trials: Trial[] = []
  const skipped: string[] = []
  const attempt = async (proposal: Proposal): Promise<Trial | undefined> => {
    context.signal?.throwIfAborted()
    if (trials.length > 0 && performance.now() > until) {
      skipped.push(proposal.name)
      return undefined
    }
    context.progress?.(trials.length / (derivedCounts.length + 4), proposal.name)
    const trial = await tryOut(proposal, rows, folds, context, costs)
    trials.push(trial)
    return trial
  }

  const plain = (await attempt({ name: 'gradient-boosting', learner: boostedTrees, derived: [], balance: 0 }))!
  let best = plain
  for (const trial of await derivedTrials(plain, names, attempt)) best = better(best, trial)
  const { derived } = best
  best = better(
    best,
    await attempt({ ...proposalOf(best), name: `${best.candidate.name}, rare classes weighted`, balance: 0.5 }),
  )
  best = better(best, await attempt({ name: named('mlp', derived.length), learner: perceptron, derived, balance: 0 }))
  const notes = skipped.length > 0 ? [`The time budget left these untried: ${skipped.join('; ')}.`] : []
  return { trials, chosen: best, notes }
}

const proposalOf = ({ learner, derived }: Trial) => ({ learner, derived })
const named = (what: string, derived: number) => (derived === 0 ? what : `${what}, ${derived} derived features`)

/**
 * Trials with derived columns, the fewest first. Recursive elimination (Guyon et al. 2002, Gene selection using support
 * vector machines): all pairs of the most useful columns, then the most useful of them, ranked anew in each smaller set,
 * where those that only repeat others have fallen behind.
 */
async function derivedTrials(
  plain: Trial,
  names: readonly string[],
  attempt: (proposal: Proposal) => Promise<Trial | undefined>,
): Promise<Trial[]> {
  const useful = ranked(plain.importance!).slice(0, pairedColumns)
  let derived = ordered(
    candidatesOf(
      useful.sort((a, b) => a - b),
      names,
    ),
  )
  const trials: Trial[] = []
  for (const count of [Infinity, ...derivedCounts]) {
    if (derived.length === 0 || (trials.length > 0 && derived.length <= count)) continue
    const [last] = trials
    if (trials.length > 0) derived = bestOf(last, names.length).slice(0, count)
    const name = named('gradient-boosting', derived.length)
    const trial = await attempt({ name, learner: boostedTrees, derived: ordered(derived), balance: 0 })
    if (!trial) break
    trials.unshift(trial)
  }
  return trials
}

/** The derived columns of a trial, the most useful ones first. */
function bestOf({ importance, derived }: Trial, columns: number): Derived[] {
  return ranked(importance!.subarray(columns)).map((at) => derived[at])
}

/** Places of the positive values, the largest first. */
function ranked(values: Float64Array): number[] {
  const places = Array.from(values.keys()).filter((at) => values[at] > 0)
  return places.sort((a, b) => values[b] - values[a] || a - b)
}

/** Replaces the best so far only by what is better by more than the standard error of the difference. */
function better(best: Trial, other: Trial | undefined): Trial {
  if (!other) return best
  const gain = best.losses.map((loss, row) => loss - other.losses[row])
  const mean = gain.reduce((a, b) => a + b, 0) / gain.length
  const square = gain.reduce((sum, value) => sum + (value - mean) ** 2, 0) / gain.length
  return mean > Math.sqrt(square / gain.length) ? other : best
}

async function tryOut(
  { name, learner, derived, balance }: Proposal,
  rows: LabelledRows,
  folds: readonly Fold[],
  { signal, seed = defaultSeed }: TrainingContext,
  costs: readonly number[],
): Promise<Trial> {
  const started = performance.now()
  const classes = rows.classes.length
  const data = extended(rows.data, derived)
  const logits = new Float64Array(data.rows * classes)
  const members: Member[] = []
  for (const { held, rest } of folds) {
    signal?.throwIfAborted()
    const target = Float64Array.from(rest, (row) => rows.target[row])
    const weights = weightsOf(target, classes, balance)
    const member = await learner.fit({ data: pick(data, rest), target, weights, classes, seed, signal })
    const answers = member.logits(pick(data, held))
    held.forEach((row, at) => logits.set(answers.subarray(at * classes, (at + 1) * classes), row * classes))
    members.push(member)
  }
  const calibration = calibrate(logits, rows.target, classes)
  const shares = probabilities(logits, calibration)
  const losses = rowLosses(shares, rows.target, classes)
  const { hasSound } = rows
  const fault = scoresOf(shares, { costs, hasSound })
  const positive = Uint8Array.from(rows.target, (code) => (hasSound && code === 0 ? 0 : 1))
  // Of several the likeliest wins, by costs where there are any; of two the costs and the accidents of few rows are in the threshold.
  const threshold = classes === 2 && hasSound ? chooseThreshold(fault, positive) : 0.5
  const rule = { costs, hasSound, threshold }
  const concluded = conclusions(shares, rule)
  const each = f1OfClasses(confusionOf(rows.target, concluded, classes))
  const validation = {
    'log-loss': losses.reduce((a, b) => a + b, 0) / losses.length,
    accuracy: accuracyOf(rows.target, concluded),
    'macro-f1': each.reduce((a, b) => a + b, 0) / classes,
    ...(hasSound && { f1: f1Above(fault, positive, threshold), 'pr-auc': averagePrecision(fault, positive) }),
    threshold,
  }
  const settings = { ...learner.settings, derived: derived.length, balance }
  const seconds = (performance.now() - started) / 1000
  return {
    learner,
    derived,
    model: learner.mean(members),
    calibration,
    shares,
    rule,
    candidate: { name, settings, validation, seconds, chosen: false },
    losses,
    importance: meanImportance(members),
    scalars: members.flatMap(({ curve }, fold) =>
      curve.map((value, step) => ({ tag: `${name}/fold ${fold + 1}/loss`, step, value })),
    ),
    backend: members[0].backend,
  }
}

/** Weights of rows with a mean of one; `balance` 1 gives every class the same total. */
function weightsOf(target: Float64Array, classes: number, balance: number): Float64Array {
  const counts = new Float64Array(classes)
  for (const code of target) counts[code]++
  const weights = target.map((code) => counts[code] ** -balance)
  const mean = weights.reduce((a, b) => a + b, 0) / weights.length
  return weights.map((weight) => weight / mean)
}

function meanImportance(members: readonly Member[]): Float64Array | undefined {
  const [first] = members
  if (!first.importance) return undefined
  const sum = new Float64Array(first.importance.length)
  for (const { importance } of members) importance?.forEach((value, column) => (sum[column] += value / members.length))
  return sum
}

function pick({ columns, values }: LabelledRows['data'], rows: Uint32Array): LabelledRows['data'] {
  const picked = new Float32Array(rows.length * columns)
  rows.forEach((row, at) => picked.set(values.subarray(row * columns, (row + 1) * columns), at * columns))
  return { rows: rows.length, columns, values: picked }
}
