import { Observable, type OperatorFunction } from 'rxjs'
import { z } from 'zod'
import {
  type AssetClass,
  type Batch,
  ConfigError,
  type ConfigProblem,
  type Keeper,
  type Metrics,
  type TagTable,
  type WindowBatch,
  duration,
} from '../core/index.ts'
import { countWindows } from './window-count.ts'
import { sessionWindows } from './window-session.ts'
import { WindowState, type WindowPlan } from './window-state.ts'
import { timeWindows } from './window-time.ts'

const span = duration.refine((ms) => ms >= 1, { error: 'must be at least 1ms' })

/** `20 samples` -> how many distinct event times of an asset. */
const samples = z
  .string()
  .regex(/^\s*[1-9]\d{0,5}\s*samples?\s*$/)
  .transform((text) => ({ samples: parseInt(text, 10) }))

const session = z.strictObject({
  session: span.describe('A window ends when no sample has come for this long.'),
  longest: span.prefault('10m').describe('It ends at the latest after this.'),
})

const expected = 'expected a duration such as 60s, or a number of samples such as "20 samples"'

/** The keys of a monitor that describe its windows. */
export const windowFields = {
  window: z
    .union([span, samples, session], { error: `${expected}, or { session: 30s, longest: 10m }` })
    .prefault('60s')
    .describe('What one conclusion is drawn from: a time, a number of samples, or a session that ends with a silence.'),
  every: z
    .union([span, samples], { error: expected })
    .optional()
    .describe('From one window to the next, in the unit of `window`; as long as the window where absent.'),
  lateness: duration.prefault('2s').describe('How long a window waits after its end for samples that are late.'),
  idle: duration.prefault('30s').describe('A source without samples for this long is not waited for.'),
  revise: duration
    .optional()
    .describe(
      'How long after its end late samples may still change a window, which is then concluded again. The length of the window, at least 1m, where absent. Memory grows with it.',
    ),
  future: duration.prefault('1m').describe('Samples further ahead of their arrival than this do not move time on.'),
  hold: span
    .optional()
    .describe(
      'How long a value holds without a new sample; the length of the window where absent. Values of tags that report by change hold until a bad one comes.',
    ),
}

/** The settings of windows by themselves. */
export const windowConfig = z.strictObject(windowFields)
export type WindowSettings = z.output<typeof windowConfig>

export interface WindowContext {
  readonly assets: AssetClass
  readonly tags: TagTable
  readonly metrics: Metrics
  /** Name of the monitor. */
  readonly monitor: string
  readonly keeper: Keeper
}

/** What is wrong between the keys of the settings; each is right by itself. Paths begin at the settings. */
export function windowProblems({ window, every }: WindowSettings): ConfigProblem[] {
  const problem = (message: string): ConfigProblem[] => [{ path: 'every', message }]
  if (every === undefined) return []
  if (typeof window === 'object' && 'session' in window) return problem('`every` has no meaning with sessions')
  const longer = '`every` is longer than `window`: samples between windows would be lost'
  if (typeof window === 'number' && typeof every === 'number') return every > window ? problem(longer) : []
  if (typeof window === 'object' && typeof every === 'object')
    return every.samples > window.samples ? problem(longer) : []
  return problem('`window` and `every` must both be times or both be numbers of samples')
}

/**
 * Cuts the samples of each asset into windows by event time. Emits what one batch closed, in order of (end, asset),
 * and nothing where it closed none. Text tags, and tags of other classes, are left out.
 *
 * A window closes when the asset's watermark has come to its end, when all sources of the asset are idle, or when the
 * input completes. Late samples change closed windows for `revise`; those come again, with the next revision, at the
 * next batch of another arrival. Uncertain samples count like good ones; bad ones, and values that are not finite,
 * end what held before. Throws a ConfigError where `window` and `every` do not fit each other.
 */
export function createWindow(settings: WindowSettings, context: WindowContext): OperatorFunction<Batch, WindowBatch> {
  const problems = windowProblems(settings)
  if (problems.length > 0) throw new ConfigError(problems)
  const plan = planOf(settings)
  return (batches) =>
    new Observable((subscriber) => {
      const state = new WindowState(plan, context.assets, context.tags)
      context.keeper.keep('window', state)
      const emit = (windows: WindowBatch) => {
        const { late, future } = state.takeCounts()
        if (late > 0) context.metrics.count('late_samples_total', late, { monitor: context.monitor })
        if (future > 0) context.metrics.count('future_samples_total', future, { monitor: context.monitor })
        if (windows.length > 0) subscriber.next(windows)
      }
      return batches.subscribe({
        next: (batch) => emit(state.push(batch)),
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          emit(state.complete())
          subscriber.complete()
        },
      })
    })
}

const leastRevise = 60_000

function planOf(settings: WindowSettings): WindowPlan {
  const { window, every, lateness, idle, future } = settings
  const length = typeof window === 'number' ? Math.round(window) : 'session' in window ? window.longest : 0
  const revise = settings.revise ?? Math.max(length, leastRevise)
  const kind =
    typeof window === 'number'
      ? timeWindows(length, typeof every === 'number' ? Math.round(every) : length, revise, lateness)
      : 'session' in window
        ? sessionWindows(window.session, window.longest, revise)
        : countWindows(window.samples, typeof every === 'object' ? every.samples : window.samples, revise)
  const hold = settings.hold ?? (typeof window === 'object' && 'session' in window ? window.session : undefined)
  const trail = future + Math.max(idle, revise)
  const shape = JSON.stringify({ window, every, lateness, idle, future, hold, revise })
  return { kind, watermark: { lateness, idle, future, trail }, hold, revise, shape }
}
