import type { FeatureBatch } from '../../agent/core/index.ts'
import type { Matrix } from '../matrix.ts'
import type { Candidate } from '../report.ts'
import { defaultSeed, type TrainingContext } from '../training.ts'
import { bestBlend, blendOf } from './blend.ts'
import { methodsFor, type Examples, type Method, type Regressor } from './methods.ts'

/** Examples divided for validation: fold by row, from 0. */
export interface Folded extends Examples {
  readonly fold: Int32Array
  readonly folds: number
  /** The folds that candidates are compared on. */
  readonly judges: readonly number[]
  /** Whether rows of `fold` may be learned from when rows of `held` are told: false for those that lie in its future. */
  readonly mayLearn: (fold: number, held: number) => boolean
}

/** What came out of a comparison. */
export interface Selection {
  readonly method: Method
  readonly candidates: readonly Candidate[]
  /** What the chosen method told of rows that it was not fitted to; NaN where none could be. */
  readonly outOfFold: Float64Array
  /** Fitted to all rows. */
  readonly regressor: Regressor
}

/** How good predictions are; the least error wins. */
export type Judge = (predicted: Float64Array, rows: Uint32Array) => { error: number } & Record<string, number>

/**
 * Compares candidates on one fold, and means of them; tells every fold by the best fitted to the others, and fits that to
 * everything. Once the budget is spent no further candidate is begun. Rejects with the reason of the context's signal.
 */
export async function select(examples: Folded, judge: Judge, context: TrainingContext): Promise<Selection> {
  const { signal, seed = defaultSeed, budget = Infinity } = context
  const started = performance.now()
  const tried: (Tried & { method: Method })[] = []
  const methods = methodsFor(examples.data.rows)
  for (const [index, method] of methods.entries()) {
    signal?.throwIfAborted()
    // A third of the time for the comparison: the rest is for the chosen one.
    if (index > 0 && performance.now() - started > budget / 3) break
    context.progress?.(index / (methods.length + examples.folds), method.name)
    tried.push({ method, ...(await attemptAll(method, examples, examples.judges, seed, signal)) })
  }
  const figures = tried.map(({ predicted, rows }) => judge(predicted, rows))
  const members = bestBlend(tried, (predicted) => judge(predicted, tried[0].rows).error)
  const own = members.map((member) => tried.find(({ method }) => method === member)!)
  const fits = 1 + (examples.folds - examples.judges.length) / examples.judges.length
  const needed = [...new Set(own)].reduce((sum, { seconds }) => sum + 1000 * fits * seconds, 0)
  if (new Set(members).size > 1 && performance.now() - started + needed < budget) {
    const mean = own[0].predicted.map((_, row) => own.reduce((sum, one) => sum + one.predicted[row], 0) / own.length)
    tried.push({ method: blendOf(members), predicted: mean, rows: own[0].rows, seconds: 0 })
    figures.push(judge(mean, own[0].rows))
  }
  const best = figures.reduce((least, { error }, index) => (error < figures[least].error ? index : least), 0)
  const candidates = tried.map(({ method, seconds }, index): Candidate => {
    const { name, settings } = method
    return { name, settings, validation: figures[index], seconds, chosen: index === best }
  })
  const { method, predicted, rows } = tried[best]
  const outOfFold = new Float64Array(examples.data.rows).fill(NaN)
  rows.forEach((row, i) => (outOfFold[row] = predicted[i]))
  const others = Array.from({ length: examples.folds }, (_, fold) => fold).filter(
    (fold) => !examples.judges.includes(fold),
  )
  context.progress?.(methods.length / (methods.length + examples.folds), `${method.name}, the other parts`)
  const more = await attemptAll(method, examples, others, seed, signal)
  more.rows.forEach((row, i) => (outOfFold[row] = more.predicted[i]))
  context.progress?.(1 - 1 / (methods.length + examples.folds), `${method.name}, all of the data`)
  return { method, candidates, outOfFold, regressor: await method.fit(examples, seed, signal) }
}

interface Tried {
  readonly rows: Uint32Array
  readonly predicted: Float64Array
  readonly seconds: number
}

/** Tells several folds, each by a fit of its own. */
async function attemptAll(
  method: Method,
  examples: Folded,
  held: readonly number[],
  seed: number,
  signal?: AbortSignal,
): Promise<Tried> {
  const parts: Tried[] = []
  for (const fold of held) {
    signal?.throwIfAborted()
    parts.push(await attempt(method, examples, fold, seed, signal))
  }
  return {
    rows: Uint32Array.from(parts.flatMap(({ rows }) => [...rows])),
    predicted: Float64Array.from(parts.flatMap(({ predicted }) => [...predicted])),
    seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
  }
}

/** Fits to what may be learned from, and tells the held fold; no rows where there is too little. */
async function attempt(
  method: Method,
  examples: Folded,
  held: number,
  seed: number,
  signal?: AbortSignal,
): Promise<Tried> {
  const started = performance.now()
  const { fold, mayLearn } = examples
  const all = Uint32Array.from(fold.keys())
  const rows = all.filter((row) => fold[row] === held)
  const others = all.filter((row) => fold[row] !== held && mayLearn(fold[row], held))
  if (others.length === 0 || rows.length === 0)
    return { rows: new Uint32Array(0), predicted: new Float64Array(0), seconds: 0 }
  const regressor = await method.fit(
    { data: rowsOf(examples.data, others), target: pickOf(examples.target, others) },
    seed,
    signal,
  )
  const predicted = regressor.predict(rowsOf(examples.data, rows))
  return { rows, predicted, seconds: (performance.now() - started) / 1000 }
}

/** The given rows of a matrix. */
export function rowsOf({ columns, values }: Matrix, rows: Uint32Array): Matrix {
  const picked = new Float32Array(rows.length * columns)
  rows.forEach((row, to) => picked.set(values.subarray(row * columns, (row + 1) * columns), to * columns))
  return { rows: rows.length, columns, values: picked }
}

export function pickOf(values: Float64Array, rows: Uint32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row])
}

/** The features of rows, in float32 as the graph takes them. */
export function matrixOf(features: FeatureBatch, rows: Uint32Array): Matrix {
  const columns = features.names.length
  const values = new Float32Array(rows.length * columns)
  rows.forEach((row, to) => values.set(features.values.subarray(row * columns, (row + 1) * columns), to * columns))
  return { rows: rows.length, columns, values: values.map((value) => (Number.isFinite(value) ? value : NaN)) }
}
