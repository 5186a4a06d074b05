import { Subject, type Observable } from 'rxjs'
import type { Config } from './components.ts'
import { createFeatures, defaultFeatures, type Features } from '../models/features/index.ts'
import { kindOf, learns } from '../models/index.ts'
import { clean } from './clean.ts'
import {
  stateBeyond,
  type AssetClass,
  type Batch,
  type Detector,
  type FeatureBatch,
  type Keeper,
  type Metrics,
  type Prediction,
  type PredictionKind,
  type PredictionState,
  type Scores,
  type TagTable,
} from './core/index.ts'
import { createWindow } from './operators/window.ts'

export type MonitorSettings = Config['monitors'][string]

export interface MonitorContext {
  readonly assets: AssetClass
  readonly tags: TagTable
  readonly metrics: Metrics
  readonly keeper: Keeper
}

/** How far a monitor without a model has come: event time collected so far, of `learn.after`. */
export interface Collected {
  /** ms */
  readonly span: number
  readonly windows: number
}

/**
 * One analysis: clean -> window -> features happen as a batch is pushed; scoring happens when `conclude` is called,
 * for all windows that closed since the last call together.
 */
export class Monitor {
  readonly name: string
  readonly settings: MonitorSettings
  readonly features: Features
  /** Feature vectors of the windows that closed, as they are scored. */
  readonly vectors = new Subject<FeatureBatch>()
  #pending: FeatureBatch[] = []
  #model: string | undefined
  #detector: Detector | undefined
  readonly #metrics: Metrics
  #first = NaN
  #last = NaN
  #windows = 0

  constructor(name: string, settings: MonitorSettings, batches: Observable<Batch>, context: MonitorContext) {
    this.name = name
    this.settings = settings
    this.#metrics = context.metrics
    const names = settings.features ?? [...defaultFeatures[kindOf(settings.model)]]
    this.features = createFeatures({ features: names }, context.assets, context.keeper)
    context.keeper.keep('collected', {
      save: () => [this.#first, this.#last, this.#windows],
      load: ([first, last, windows]: number[]) => {
        this.#first = first
        this.#last = last
        this.#windows = windows
      },
    })
    batches
      .pipe(clean(settings.clean, name, context), createWindow(settings, { ...context, monitor: name }))
      .subscribe((windows) => this.#pending.push(this.features.extract(windows, this.#detector?.inputs)))
  }

  /** Version of the model at work; undefined while learning. */
  get model(): string | undefined {
    return this.#model
  }

  /** Whether the agent trains its model. */
  get learns(): boolean {
    return learns(this.settings.model)
  }

  get collected(): Collected {
    return { span: this.#windows === 0 ? 0 : this.#last - this.#first, windows: this.#windows }
  }

  /**
   * Scores with `detector` from the next window on; call `conclude` before. Closes the one it replaces.
   * A version without detector is a model that cannot be had: it has no opinion.
   */
  async use(version: string | undefined, detector: Detector | undefined): Promise<void> {
    const previous = this.#detector
    this.#model = version
    this.#detector = detector
    await previous?.close()
  }

  /** The predictions for all windows that closed since the last call, in order of closing. */
  async conclude(): Promise<Prediction[]> {
    const batches = this.#pending
    if (batches.length === 0) return []
    this.#pending = []
    const all: Prediction[] = []
    for (const batch of joinWhereAlike(batches)) {
      this.vectors.next(batch)
      this.#collect(batch)
      const scores = this.#detector && (await this.#score(this.#detector, batch))
      for (let row = 0; row < batch.length; row++) all.push(this.#predict(batch, row, scores))
    }
    this.#count(all)
    return all
  }

  async #score(detector: Detector, batch: FeatureBatch): Promise<Scores> {
    const start = performance.now()
    const scores = await detector.score(batch)
    this.#metrics.observe('score_seconds', (performance.now() - start) / 1000, { monitor: this.name })
    return scores
  }

  #collect({ length, coverage, start, end }: FeatureBatch): void {
    for (let row = 0; row < length; row++) {
      if (coverage[row] < this.settings.min_coverage) continue
      if (this.#windows++ === 0) this.#first = start[row]
      this.#first = Math.min(this.#first, start[row])
      this.#last = this.#windows === 1 ? end[row] : Math.max(this.#last, end[row])
    }
  }

  #predict(batch: FeatureBatch, row: number, scores: Scores | undefined): Prediction {
    const covered = batch.coverage[row] >= this.settings.min_coverage
    const score = covered && scores ? scores.score[row] : NaN
    const threshold = scores ? scores.threshold[row] : NaN
    const kind = this.#detector?.kind ?? kindOf(this.settings.model)
    return {
      time: batch.end[row],
      asset: batch.asset[row],
      monitor: this.name,
      kind,
      score,
      threshold,
      state: this.#model === undefined ? 'learning' : stateOf(kind, score, threshold),
      coverage: batch.coverage[row],
      revision: batch.revision[row],
      model: this.#model ?? '',
      contributions: scores && !Number.isNaN(score) ? contributionsOf(scores, row) : {},
      ...(scores && !Number.isNaN(score) && conclusionOf(scores, row)),
    }
  }

  #count(predictions: readonly Prediction[]): void {
    const byState: Partial<Record<PredictionState, number>> = {}
    for (const { state } of predictions) byState[state] = (byState[state] ?? 0) + 1
    for (const [state, amount] of Object.entries(byState)) {
      this.#metrics.count('predictions_total', amount, { monitor: this.name, state })
    }
    this.#metrics.count('windows_total', predictions.length, { monitor: this.name })
  }
}

function stateOf(kind: PredictionKind, score: number, threshold: number): PredictionState {
  return Number.isNaN(score) ? 'unknown' : score > threshold ? stateBeyond[kind] : 'normal'
}

/** What the kinds other than anomaly say beside the score. */
function conclusionOf({ value, lower, upper, label, probability, classes }: Scores, row: number): Partial<Prediction> {
  const has = (column: Float64Array | undefined) => column !== undefined && !Number.isNaN(column[row])
  return {
    ...(value && has(value) && { value: value[row] }),
    ...(lower && has(lower) && { lower: lower[row] }),
    ...(upper && has(upper) && { upper: upper[row] }),
    ...(label && classes && label[row] >= 0 && { label: classes[label[row]] }),
    ...(probability && has(probability) && { probability: probability[row] }),
  }
}

function contributionsOf({ tags, contributions }: Scores, row: number): Record<string, number> {
  const at = row * tags.length
  const pairs = tags.map((tag, column): [string, number] => [tag, contributions[at + column]])
  return Object.fromEntries(pairs.sort((a, b) => b[1] - a[1]))
}

/** Joins neighbours with the same columns, so that one call of the model scores them all. */
function joinWhereAlike(batches: readonly FeatureBatch[]): FeatureBatch[] {
  const groups: FeatureBatch[][] = []
  for (const batch of batches) {
    const group = groups.at(-1)
    if (group && sameColumns(group[0].names, batch.names)) group.push(batch)
    else groups.push([batch])
  }
  return groups.map(joinFeatures)
}

function sameColumns(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, index) => name === b[index]))
}

/** Batches with the same columns as one, in order. */
export function joinFeatures(batches: readonly FeatureBatch[]): FeatureBatch {
  if (batches.length === 1) return batches[0]
  const length = batches.reduce((sum, batch) => sum + batch.length, 0)
  const { names } = batches[0]
  const joined = {
    length,
    names,
    values: new Float64Array(length * names.length),
    asset: batches.flatMap(({ asset }) => asset),
    start: new Float64Array(length),
    end: new Float64Array(length),
    coverage: new Float64Array(length),
    revision: new Uint16Array(length),
  }
  let row = 0
  for (const batch of batches) {
    joined.values.set(batch.values, row * names.length)
    joined.start.set(batch.start, row)
    joined.end.set(batch.end, row)
    joined.coverage.set(batch.coverage, row)
    joined.revision.set(batch.revision, row)
    row += batch.length
  }
  return joined
}
