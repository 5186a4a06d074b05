import { Subject, type Observable } from 'rxjs'
import type { Config } from '../settings/index.ts'
import { createFeatures, defaultFeatures, type Features } from '../../models/features/index.ts'
import { kindOf, learns } from '../../models/index.ts'
import { BiasUpdate } from './bias-update.ts'
import { clean } from './clean.ts'
import { joinFeatures, joinWhereAlike, sameColumns } from './feature-batches.ts'
import { countPredictions, predictionOf } from './prediction.ts'
import {
  type AssetClass,
  type Batch,
  type Detector,
  type FeatureBatch,
  type Keeper,
  type LabelEvent,
  type Metrics,
  type Prediction,
  type PredictionKind,
  type Scores,
  type TagTable,
  type WindowBatch,
  describeError,
} from '../core/index.ts'
import { type DriftReading, DriftWatch, Trial } from '../learning/index.ts'
import { createWindow } from '../operators/index.ts'
import { EarlyLabels } from './early-labels.ts'
import type { Model, Pending, Rival } from './rival.ts'
import type { MonitorStanding } from './standing.ts'

export type MonitorSettings = Config['monitors'][string]

export interface MonitorContext {
  readonly assets: AssetClass
  readonly tags: TagTable
  readonly metrics: Metrics
  readonly keeper: Keeper
}

/** What a monitor has seen so far, in event time. */
export interface Collected {
  /** From the first well-covered window to the newest, ms. */
  readonly span: number
  readonly windows: number
  /** Since the model at work was put to work, ms; 0 without one. */
  readonly scored: number
  /** End of the newest well-covered window, ms since epoch; NaN before the first. */
  readonly newest: number
}

/**
 * One analysis: clean -> window -> features happen as a batch is pushed; scoring happens when `conclude` is called,
 * for all windows that closed since the last call together. A rival scores the same windows, without effect.
 */
export class Monitor {
  readonly name: string
  readonly settings: MonitorSettings
  readonly features: Features
  /** Feature vectors of the windows that closed, as they are scored, in the columns that the monitor makes now. */
  readonly vectors = new Subject<FeatureBatch>()
  /** Windows as they close. */
  readonly windows = new Subject<WindowBatch>()
  #pending: Pending[] = []
  #active: Model | undefined
  #rival: Rival | undefined
  readonly #metrics: Metrics
  #first = NaN
  #last = NaN
  #windows = 0
  /** End of the newest window when the model at work was put to work, ms since epoch. */
  #since = NaN
  #savedTrial: unknown
  readonly #early = new EarlyLabels()
  /** Of a model of estimates that is corrected by what is measured. */
  readonly #bias: BiasUpdate | undefined
  readonly #drift: DriftWatch
  /** When the last training began. */
  #trained = NaN

  constructor(name: string, settings: MonitorSettings, batches: Observable<Batch>, context: MonitorContext) {
    this.name = name
    this.settings = settings
    this.#metrics = context.metrics
    const names = settings.features ?? [...defaultFeatures[kindOf(settings.model)]]
    this.features = createFeatures(
      { features: names, leastCovered: settings.min_coverage },
      context.assets,
      context.keeper,
    )
    context.keeper.keep('collected', {
      save: () => [this.#first, this.#last, this.#windows, this.#since, this.#trained],
      load: ([first, last, windows, since, trained]: number[]) => {
        this.#first = first
        this.#last = last
        this.#windows = windows
        this.#since = since
        this.#trained = trained
      },
    })
    const { window, every } = settings
    const overlap = typeof window === 'number' && typeof every === 'number' ? Math.max(1, window / every) : 1
    this.#drift = new DriftWatch({ monitor: name, metrics: context.metrics, overlap })
    context.keeper.keep('drift', this.#drift)
    context.keeper.keep('early', this.#early)
    const { model } = settings
    this.#bias = model.type === 'estimate' && model.correct ? new BiasUpdate(model.limits) : undefined
    if (this.#bias) context.keeper.keep('bias', this.#bias)
    context.keeper.keep('trial', {
      save: () => this.#rival?.trial.save() ?? null,
      load: (saved: unknown) => (this.#savedTrial = saved),
    })
    batches
      .pipe(clean(settings.clean, name, context), createWindow(settings, { ...context, monitor: name }))
      .subscribe((windows) => this.#take(windows))
  }

  /** Version of the model at work; undefined while learning. */
  get model(): string | undefined {
    return this.#active?.version
  }

  get rival(): Rival | undefined {
    return this.#rival
  }

  /** What the next step in the life of its model depends on. */
  get standing(): MonitorStanding {
    const rival = this.#rival
    return {
      kind: this.kind,
      model: this.model,
      working: this.#active?.detector !== undefined,
      span: this.collected.span,
      newest: this.#last,
      trained: this.#trained,
      drift: this.#drift.found,
      rival: rival && { ...rival, trial: rival.trial.state },
    }
  }

  /** End of the newest window when the model at work began, ms since epoch; NaN where there is none. */
  get since(): number {
    return this.#since
  }

  /** How near the data are to having drifted; undefined while that is not known. */
  get drift(): DriftReading | undefined {
    return this.#drift.reading
  }

  /** A training began, at this event time. */
  training(time: number): void {
    this.#trained = time
  }

  /** Whether the agent trains its model. */
  get learns(): boolean {
    return learns(this.settings.model)
  }

  get collected(): Collected {
    const span = this.#windows === 0 ? 0 : this.#last - this.#first
    const scored = Number.isNaN(this.#since) ? 0 : this.#last - this.#since
    return { span, windows: this.#windows, scored, newest: this.#last }
  }

  /**
   * Scores with `detector` from the next window on; call `conclude` before. A version without detector is a model that
   * cannot be had: it has no opinion. `predecessor`: whether the model that worked so far goes on beside it, for
   * comparison; otherwise it is closed. `resumed`: it worked already when the state was saved.
   */
  async use(
    version: string | undefined,
    detector: Detector | undefined,
    { predecessor = false, resumed = false } = {},
  ): Promise<void> {
    const before = this.#active
    const rival = this.#rival
    this.#active = version === undefined ? undefined : { version, detector }
    if (!resumed) this.#since = this.#last
    this.#drift.begin(detector)
    if (!resumed) this.#bias?.begin()
    const stays = predecessor && before?.detector !== undefined && detector !== undefined
    this.#rival = stays ? { ...before, role: 'predecessor', trial: new Trial(detector.kind) } : undefined
    if (!stays && before?.detector !== detector) await before?.detector?.close()
    if (rival?.detector !== detector) await rival?.detector?.close()
  }

  /** Lets a model score beside the one at work, and compares the two. A trial that was saved goes on. */
  async challenge(version: string, detector: Detector | undefined, role: Rival['role'] = 'challenger'): Promise<void> {
    await this.#rival?.detector?.close()
    const trial = this.#savedTrial ? Trial.load(this.#savedTrial) : new Trial(detector?.kind ?? this.kind)
    this.#savedTrial = undefined
    this.#rival = { version, detector, role, trial, ...(!detector && { problem: 'the model cannot be loaded' }) }
  }

  /** Ends the comparison; the rival is closed. */
  async dismiss(): Promise<void> {
    const rival = this.#rival
    this.#rival = undefined
    await rival?.detector?.close()
  }

  get kind(): PredictionKind {
    return this.#active?.detector?.kind ?? kindOf(this.settings.model)
  }

  /** Tells what is known of windows already scored, and when a run ended; call `conclude` before. */
  label(event: LabelEvent): void {
    if (event.monitor !== undefined && event.monitor !== this.name) return
    if (!this.#early.keeps(event)) this.#tell(event)
    const { label, monitor = this.name, asset, time } = event
    if ((label === 'failure' || label === 'maintenance') && monitor === this.name) this.features.reset(asset, time)
  }

  /** The predictions for all windows that closed since the last call, in order of closing. */
  async conclude(): Promise<Prediction[]> {
    const pending = this.#pending
    if (pending.length === 0) return []
    this.#pending = []
    for (const { own } of pending) if (own) this.vectors.next(own)
    const all: Prediction[] = []
    for (const batch of joinWhereAlike(pending.map(({ active }) => active))) {
      this.#collect(batch)
      const scores = this.#active?.detector && (await this.#score(this.#active.detector, batch))
      if (scores) {
        this.#drift.take(batch, scores, (row) => batch.coverage[row] >= this.settings.min_coverage)
        await this.#compare(batch, scores, pending)
      }
      const told = scores && (this.#bias?.open(scores) ?? scores)
      for (let row = 0; row < batch.length; row++) {
        if (told && batch.coverage[row] >= this.settings.min_coverage) this.#bias?.correct(batch, told, row)
        all.push(this.#predict(batch, row, told))
        for (const label of this.#early.due(batch.asset[row], batch.end[row])) this.#tell(label)
      }
    }
    countPredictions(this.#metrics, this.name, all)
    return all
  }

  #tell(event: LabelEvent): void {
    for (const reader of [this.#drift, this.#bias, this.#rival?.trial]) reader?.label(event)
  }

  #take(windows: WindowBatch): void {
    this.windows.next(windows)
    const inputs = this.#active?.detector?.inputs
    const active = this.features.extract(windows, inputs)
    const wanted = this.#rival?.detector?.inputs
    const rival = wanted && (sameColumns(wanted, active.names) ? active : this.features.extract(windows, wanted))
    const alike = inputs === undefined || sameColumns(inputs, this.features.names)
    const own = !this.vectors.observed ? undefined : alike ? active : this.features.extract(windows)
    this.#pending.push({ active, rival, own })
  }

  async #score(detector: Detector, batch: FeatureBatch): Promise<Scores> {
    const start = performance.now()
    const scores = await detector.score(batch)
    this.#metrics.observe('score_seconds', (performance.now() - start) / 1000, { monitor: this.name })
    return scores
  }

  /** The rival's opinion on the same windows. Whatever goes wrong with it does not touch the model at work. */
  async #compare(features: FeatureBatch, scores: Scores, pending: readonly Pending[]): Promise<void> {
    const rival = this.#rival
    const batches = pending.flatMap((each) => each.rival ?? [])
    if (!rival?.detector || rival.problem !== undefined || batches.length !== pending.length) return
    try {
      const joined = batches.every((batch, index) => batch === pending[index].active) ? features : joinFeatures(batches)
      const other = { detector: rival.detector, features: joined, scores: await rival.detector.score(joined) }
      const active = { detector: this.#active!.detector!, features, scores }
      await rival.trial.take(active, other, (row) => features.coverage[row] >= this.settings.min_coverage)
    } catch (error) {
      this.#rival = { ...rival, problem: describeError(error) }
    }
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
    const { name, kind, settings } = this
    const source = { monitor: name, kind, model: this.model, minCoverage: settings.min_coverage }
    return predictionOf(source, batch, row, scores)
  }
}
