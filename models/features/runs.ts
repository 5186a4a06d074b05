import type { AssetClass, Series, Window } from '../../agent/core/index.ts'

/** Runs of an asset that are remembered; of older ones only late data could speak. */
const mostRuns = 32

/** A signal with less coverage is no measure of how an asset was when its run began. */
const leastCoverage = 0.5

/** The life of an asset from its first sample, or from a failure or maintenance, to the next, as known at some time. */
export interface Run {
  /** ms since epoch. */
  readonly start: number
  /** Whether a label began it; the first run of an asset begins with its first window. */
  readonly labelled: boolean
  /** Mean of each role in the first window of the run that covers it well, by index of the role; NaN where there was none yet. */
  readonly first: readonly number[]
}

/** A run in a checkpoint, with its means by role. */
type SavedRun = [start: number, labelled: boolean, first: Record<string, number>]
export type SavedRuns = Record<string, SavedRun[]>

/**
 * When the runs of assets began, and how the assets were then. By event time and in order of the journal alone, so that
 * live, replay and training know the same. A run begins with the first window of an asset, and anew at each `reset`.
 */
export class Runs {
  readonly #assets: AssetClass
  readonly #runs = new Map<string, Run[]>()

  constructor(assets: AssetClass) {
    this.#assets = assets
  }

  /** A new run of the asset begins after `time`, whenever that becomes known. */
  reset(asset: string, time: number): void {
    const runs = this.#of(asset)
    if (runs.some(({ start }) => start === time)) return
    runs.push({ start: time, labelled: true, first: [] })
    runs.sort((a, b) => a.start - b.start)
    if (runs.length > mostRuns) runs.shift()
  }

  /** The run that a window is wholly in; undefined where it reaches back into the one before. */
  at(window: Window): Run | undefined {
    const runs = this.#of(window.asset.name)
    let index = runs.length - 1
    while (index >= 0 && runs[index].start >= window.end) index--
    if (index < 0) {
      runs.unshift({ start: window.start, labelled: false, first: [] })
      index = 0
    }
    const run = runs[index]
    // A sample at the very time of the label is the last one of the run before.
    if (window.start <= run.start && run.labelled) return undefined
    runs[index] = begun(run, window)
    return runs[index]
  }

  save(): SavedRuns {
    const { roles } = this.#assets
    const saved = ({ start, labelled, first }: Run): SavedRun => [
      start,
      labelled,
      Object.fromEntries(first.map((mean, role) => [roles[role], mean])),
    ]
    return Object.fromEntries([...this.#runs].map(([asset, runs]) => [asset, runs.map(saved)]))
  }

  load(saved: SavedRuns): void {
    const { roles } = this.#assets
    for (const [asset, runs] of Object.entries(saved)) {
      this.#runs.set(
        asset,
        runs.map(([start, labelled, first]) => ({ start, labelled, first: roles.map((role) => first[role] ?? NaN) })),
      )
    }
  }

  #of(asset: string): Run[] {
    let runs = this.#runs.get(asset)
    if (!runs) this.#runs.set(asset, (runs = []))
    return runs
  }
}

/** The run with what this window says of its beginning; the same object where that is nothing new. */
function begun(run: Run, { start, covered, series }: Window): Run {
  const first = isIncomplete(run, series.length) ? firstMeans(run, series, covered) : run.first
  return first === run.first && start >= run.start ? run : { ...run, start: Math.min(start, run.start), first }
}

function isIncomplete({ first }: Run, roles: number): boolean {
  if (first.length < roles) return true
  for (let role = 0; role < roles; role++) if (Number.isNaN(first[role])) return true
  return false
}

/** The means so far, and those of roles that the run has not had a window of yet. */
function firstMeans({ first }: Run, series: readonly Series[], covered: Float64Array): number[] {
  return series.map(({ value }, role) => {
    if (role < first.length && !Number.isNaN(first[role])) return first[role]
    return covered[role] >= leastCoverage ? meanOf(value) : NaN
  })
}

function meanOf(values: Float64Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum / values.length
}
