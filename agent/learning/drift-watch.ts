import { PageHinkley, StabilityIndex, type PageHinkleyState, type PsiState } from '../../models/drift.ts'
import type { Detector, FeatureBatch, LabelEvent, Metrics, Scores } from '../core/index.ts'

/** A feature whose stability index is above this has another distribution than in training. */
const psiLimit = 0.25
/** Rows that the stability index looks back on: as many as were learned from, within these. */
const leastMemory = 300
const mostMemory = 20_000
/** Values of a stream that tell its mean and spread before changes are looked for. */
const warmUp = 100
/** Limit of the Page-Hinkley sum, in standard deviations, for values that do not overlap. */
const hinkleyLimit = 50

/** Mean and spread of the first values of a stream (Welford 1962), then the search for a change. */
interface Stream {
  count: number
  mean: number
  m2: number
  test: PageHinkleyState | null
}

interface Saved {
  readonly score: Stream
  readonly residual: Stream
  readonly psi: PsiState | null
  readonly found: string | null
  readonly estimates: readonly Estimate[]
}

/** What was said of a window, until its measured value comes. */
interface Estimate {
  readonly asset: string
  readonly start: number
  readonly end: number
  readonly value: number
}

/** Estimates kept for measured values that come later. */
const mostEstimates = 2_000

/** How far a measure of drift is. */
export interface DriftReading {
  /** What is measured, in words. */
  readonly name: string
  readonly value: number
  /** Beyond it, the data have drifted. */
  readonly limit: number
}

export interface DriftWatchOptions {
  readonly monitor: string
  readonly metrics: Metrics
  /** How many windows share a sample: as many times as much has to come together before a change is believed. */
  readonly overlap: number
}

/**
 * Notices that the data are no longer those that the model at work has learned: the distribution of a feature (population
 * stability index), the mean of the scores of sound windows or of the deviations from measured values (Page-Hinkley).
 * Starts anew with every model; a function of the windows and labels in their order.
 */
export class DriftWatch {
  readonly #options: DriftWatchOptions
  #score = emptyStream()
  #residual = emptyStream()
  #psi: StabilityIndex | undefined
  #names: readonly string[] = []
  #memory = 0
  #found: string | undefined
  #readings = new Map<string, DriftReading>()
  #estimates: Estimate[] = []
  #saved: Saved | undefined

  constructor(options: DriftWatchOptions) {
    this.#options = options
  }

  /** What has drifted, in words; undefined while nothing has. */
  get found(): string | undefined {
    return this.#found
  }

  /** The measure that is nearest to its limit; undefined until the first was taken. */
  get reading(): DriftReading | undefined {
    return [...this.#readings.values()].sort((a, b) => b.value / b.limit - a.value / a.limit)[0]
  }

  /** A model begins to score; what was saved goes on with it. */
  begin(detector: Detector | undefined): void {
    const saved = this.#saved
    this.#saved = undefined
    this.#score = saved ? { ...saved.score } : emptyStream()
    this.#residual = saved ? { ...saved.residual } : emptyStream()
    this.#found = saved?.found ?? undefined
    this.#readings = new Map()
    this.#estimates = [...(saved?.estimates ?? [])]
    this.#names = detector?.inputs ?? []
    const known = detector?.distribution
    this.#memory = known ? Math.min(mostMemory, Math.max(leastMemory, known.rows)) : 0
    this.#psi = known && new StabilityIndex(known, this.#memory, saved?.psi ?? undefined)
  }

  /** Takes windows as they were scored; `covered` says which count. */
  take(features: FeatureBatch, scores: Scores, covered: (row: number) => boolean): void {
    const { values, names, length } = features
    const { score, threshold } = scores
    for (let row = 0; row < length; row++) {
      if (!covered(row) || Number.isNaN(score[row])) continue
      this.#psi?.add(values, row * names.length)
      // A fault is no drift: what is beyond the threshold is left out.
      this.#remember(features, scores, row)
      if (score[row] <= threshold[row]) this.#take(this.#score, score[row], this.#options.overlap, 'scores')
      this.#judge()
    }
  }

  /** Takes what was measured: how far was the estimate of that window from it? */
  label({ label, asset, time, value }: LabelEvent): void {
    if (label !== 'value' || value === undefined) return
    const said = this.#estimates.find((one) => one.asset === asset && one.start <= time && time <= one.end)
    if (said) this.#take(this.#residual, said.value - value, 1, 'deviations from measured values')
  }

  #remember({ asset, start, end }: FeatureBatch, { value }: Scores, row: number): void {
    if (!value || Number.isNaN(value[row])) return
    this.#estimates.push({ asset: asset[row], start: start[row], end: end[row], value: value[row] })
    if (this.#estimates.length > mostEstimates) this.#estimates.splice(0, mostEstimates / 2)
  }

  #judge(): void {
    const psi = this.#psi
    // The indices cost a pass over all bins; looked at ten times in each memory, they miss nothing.
    if (!psi || psi.rows < this.#memory || psi.rows % Math.ceil(this.#memory / 10) !== 0) return
    const { indices } = psi
    let worst = 0
    indices.forEach((index, column) => (worst = index > indices[worst] ? column : worst))
    const { metrics, monitor } = this.#options
    metrics.gauge('drift_psi', indices[worst], { monitor })
    this.#readings.set('psi', { name: `distribution of ${this.#names[worst]}`, value: indices[worst], limit: psiLimit })
    if (indices[worst] > psiLimit)
      this.#found ??= `${this.#names[worst]} has another distribution than in training (PSI ${indices[worst].toFixed(2)})`
  }

  #take(stream: Stream, value: number, overlap: number, what: string): void {
    if (!Number.isFinite(value)) return
    if (stream.count < warmUp) {
      stream.count++
      const before = value - stream.mean
      stream.mean += before / stream.count
      stream.m2 += before * (value - stream.mean)
      return
    }
    const scale = Math.max(Math.sqrt(stream.m2 / stream.count), Number.MIN_VALUE)
    const settings = { scale: 1, both: true, limit: hinkleyLimit * overlap }
    const test = new PageHinkley(settings, stream.test ?? undefined)
    const drifted = test.add((value - stream.mean) / scale)
    stream.test = test.state
    const { metrics, monitor } = this.#options
    metrics.gauge('drift_page_hinkley', test.statistic / settings.limit, { monitor })
    this.#readings.set(what, { name: `mean of the ${what}`, value: test.statistic, limit: settings.limit })
    if (drifted) this.#found ??= `the mean of the ${what} has changed (Page-Hinkley ${test.statistic.toFixed(0)})`
  }

  save(): Saved {
    return {
      score: { ...this.#score },
      residual: { ...this.#residual },
      psi: this.#psi?.state ?? null,
      found: this.#found ?? null,
      estimates: [...this.#estimates],
    }
  }

  load(saved: Saved): void {
    this.#saved = saved
  }
}

function emptyStream(): Stream {
  return { count: 0, mean: 0, m2: 0, test: null }
}
