import type { TrainingContext } from '../training.ts'
import { judgeHeldOut, type Held } from './calibration.ts'
import { bestOf, judgeMethod, type Verdict } from './choose.ts'
import { methodNames, type AnomalySettings, type MethodName } from './config.ts'
import type { Method } from './method.ts'
import { methods } from './methods.ts'
import type { Subject } from './normal.ts'

/** A method that was tried, or why it was not. */
export interface Trial {
  readonly method: Method
  readonly held: readonly Held[]
  readonly verdict?: Verdict
  readonly seconds: number
  readonly chosen: boolean
  readonly note?: string
}

/** A later method is begun only if the budget has room for this many times what the ones before took. */
const dearer = { 'hotelling-t2': 0, pca: 3, autoencoder: 100 } as const

/** Tries the method of the settings, or all that have enough rows and time; one is chosen. */
export async function tryMethods(
  subject: Subject,
  names: readonly string[],
  rows: Uint32Array,
  settings: AnomalySettings,
  context: TrainingContext,
): Promise<Trial[]> {
  const started = performance.now()
  const wanted = settings.method === 'auto' ? methodNames : [settings.method]
  const trials: Trial[] = []
  for (const [index, name] of wanted.entries()) {
    const method = methods[name]
    const note = settings.method === 'auto' ? hindrance(method, rows, trials, started, context.budget) : undefined
    if (note !== undefined) {
      trials.push({ method, held: [], seconds: 0, chosen: false, note })
      continue
    }
    const begun = performance.now()
    const progress = (share: number) => context.progress?.((index + share) / (wanted.length + 1), name)
    const held = await judgeHeldOut(subject, rows, method, { signal: context.signal, progress })
    const verdict = judgeMethod(subject, names, held)
    trials.push({ method, held, verdict, seconds: (performance.now() - begun) / 1000, chosen: false })
  }
  const verdicts = new Map(trials.flatMap(({ method, verdict }): [MethodName, Verdict][] => (verdict ? [[method.name, verdict]] : []))) // prettier-ignore
  const best = bestOf(verdicts)
  return trials.map((trial) => ({ ...trial, chosen: trial.method.name === best }))
}

/** Why a method is not tried. */
function hindrance(
  { name, leastRows }: Method,
  rows: Uint32Array,
  trials: readonly Trial[],
  started: number,
  budget = Infinity,
): string | undefined {
  if (rows.length < leastRows) return `needs ${leastRows} windows to be considered, there are ${rows.length}`
  const [first] = trials
  if (!trials.length || budget === Infinity) return undefined
  const left = budget - (performance.now() - started)
  return first.seconds * 1000 * dearer[name] > left ? 'the time budget leaves no room for it' : undefined
}
