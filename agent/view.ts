import { Subject } from 'rxjs'
import type { Alarm } from './alarms.ts'
import {
  streams,
  type ActionEvent,
  type Clock,
  type Journal,
  type Prediction,
  type Status,
  type TagTable,
} from './core/index.ts'
import type { Connection } from './connections.ts'
import type { SinkLedger as Delivered } from './delivery.ts'
import {
  healthOf,
  type AgentState,
  type AgentView,
  type AlarmAnswer,
  type AlarmRequest,
  type AssetState,
  type ConnectionState,
  type DeadLetterView,
  type Ledger,
  type MonitorState,
  type PlantState,
  type PlantView,
  type StreamState,
  type Verdict,
} from './http/index.ts'
import type { Ingest } from './ingest.ts'
import type { Learning } from './learning.ts'
import type { Monitor } from './monitor.ts'
import type { Newest } from './newest.ts'
import type { Pipeline } from './pipeline.ts'
import { version } from './version.ts'

/** The parts of a running agent that the view looks at. */
export interface ViewParts {
  readonly site: string
  readonly clock: Clock
  readonly journal: Journal
  readonly tags: TagTable
  readonly pipeline: Pipeline
  readonly newest: Newest
  readonly ingest: Ingest
  readonly learning: Learning
  readonly connections: readonly Connection[]
  /** Ledger and status by sink. */
  readonly deliveries: () => Readonly<Record<string, { readonly ledger: Delivered; readonly status: Status }>>
  metricsText(): Promise<string>
  /** Entries that the pipeline has not handled. */
  lag(): number
  /** Why the agent cannot do its work any more, if so. */
  failure(): string | undefined
  readonly plant?: PlantView & { state(): PlantState }
}

/** Everything the HTTP server may know and do. */
export class View implements AgentView {
  readonly version = version
  readonly changes = new Subject<void>()
  readonly #parts: ViewParts
  readonly #started: number
  #rates = { samplesPerSecond: 0, predictionsPerSecond: 0 }
  #counted = { time: 0, samples: 0, predictions: 0 }
  #predictions = 0

  constructor(parts: ViewParts) {
    this.#parts = parts
    this.#started = parts.clock.now()
  }

  get site(): string {
    return this.#parts.site
  }

  get demo(): boolean {
    return this.#parts.plant !== undefined
  }

  get plant(): PlantView | undefined {
    return this.#parts.plant
  }

  /** Told of new predictions, so that it can count them. */
  predicted(predictions: readonly Prediction[]): void {
    this.#predictions += predictions.length
    this.changes.next()
  }

  health(): Verdict {
    const failure = this.#parts.failure()
    return { ok: failure === undefined, reasons: failure === undefined ? [] : [failure] }
  }

  ready(): Verdict {
    const { connections, ingest } = this.#parts
    const lag = this.#parts.lag()
    const failing = [
      ...this.health().reasons,
      ...(ingest.full ? ['the journal cannot store; nothing is acknowledged'] : []),
      ...(lag > mostLag ? [`the pipeline is ${lag} records behind`] : []),
    ]
    const troubled = this.#connections().filter(({ status }) => status.state !== 'up')
    const sources = connections.filter(({ source }) => source)
    if (sources.length > 0 && sources.every(({ status }) => status.state === 'down' || status.state === 'connecting')) {
      failing.push('no source is connected')
    }
    const reasons = [...failing, ...troubled.map(({ name, status }) => `${name}: ${status.message}`)]
    return { ok: failing.length === 0, reasons }
  }

  state(): AgentState {
    const { clock, pipeline, journal, plant } = this.#parts
    this.#measure()
    return {
      time: clock.now(),
      site: this.site,
      version,
      demo: this.demo,
      started: this.#started,
      ready: this.ready(),
      throughput: { ...this.#rates, lag: this.#parts.lag() },
      connections: this.#connections(),
      assets: [...pipeline.classes].flatMap(([className]) => this.#assets(className)),
      alarms: pipeline.alarms.open().map((alarm: Alarm) => ({ ...alarm })),
      journal: Object.fromEntries(
        streams.map((stream) => {
          const { rows, bytes, corrupt } = journal.stats(stream)
          return [stream, { rows, bytes, corrupt }]
        }),
      ) as Record<(typeof streams)[number], StreamState>,
      ...(plant && { plant: plant.state() }),
    }
  }

  ledger(): Ledger {
    const { ingest, clock } = this.#parts
    return {
      time: clock.now(),
      sources: Object.entries(ingest.ledger()).map(([name, { received, stored, rejected, inFlight }]) => {
        const put = Object.values(rejected).reduce((sum, rows) => sum + rows, 0)
        return { name, received, stored, rejected, inFlight, difference: received - stored - put - inFlight }
      }),
      sinks: Object.entries(this.#parts.deliveries()).map(([name, { ledger }]) => {
        const { stored, delivered, dead, waiting, trimmed } = ledger
        const difference = stored - delivered - dead - waiting - trimmed
        return { name, stored, delivered, deadLettered: dead, waiting, difference }
      }),
    }
  }

  deadLetters(limit: number): readonly DeadLetterView[] {
    const { journal } = this.#parts
    const { first, next } = journal.stats('dead')
    const entries = journal.read('dead', Math.max(first, next - limit), limit)
    const letters = entries.flatMap((entry) => (entry.kind === 'dead' ? [entry.letter] : []))
    return letters.reverse().map((letter) => ({ ...letter, payload: Buffer.from(letter.payload).toString('utf8') }))
  }

  metricsText(): Promise<string> {
    return this.#parts.metricsText()
  }

  acknowledge(request: AlarmRequest): Promise<AlarmAnswer> {
    return this.#act('acknowledge', request)
  }

  shelve(request: AlarmRequest & { readonly duration: number }): Promise<AlarmAnswer> {
    return this.#act('shelve', request, { until: this.#parts.clock.now() + request.duration })
  }

  unshelve(request: AlarmRequest): Promise<AlarmAnswer> {
    return this.#act('unshelve', request)
  }

  async #act(what: ActionEvent['action'], request: AlarmRequest, more: { until?: number } = {}): Promise<AlarmAnswer> {
    const { alarm, by, reason } = request
    const { pipeline, ingest, clock } = this.#parts
    if (!pipeline.alarms.open().some(({ id }) => id === alarm)) return 'unknown'
    const time = clock.now()
    const event: ActionEvent = {
      type: 'action',
      time,
      action: what,
      alarm,
      by,
      ...(reason !== undefined && { reason }),
      ...more,
    }
    await ingest.record([{ kind: 'event', event, arrival: time }])
    return 'recorded'
  }

  #connections(): ConnectionState[] {
    const { connections, deliveries } = this.#parts
    const sinks = Object.entries(deliveries()).map(([name, { status }]) => {
      const { type } = connections.find((connection) => connection.name === name)!
      return { name, type, direction: 'sink' as const, status }
    })
    const sources = connections.filter(({ source }) => source)
    return [
      ...sources.map(({ name, type, status }) => ({ name, type, direction: 'source' as const, status })),
      ...sinks,
    ]
  }

  #assets(className: string): AssetState[] {
    const { pipeline, tags, newest } = this.#parts
    const assets = pipeline.classes.get(className)!
    const monitors = [...pipeline.monitors.values()].filter(({ settings }) => settings.assets === className)
    return assets.assets.map((asset) => ({
      name: asset.name,
      className,
      monitors: monitors.map((monitor) => this.#monitor(monitor, asset.name)),
      tags: asset.tags.flatMap((index, role) => {
        if (index < 0) return []
        const tag = tags.at(index)
        const unit = tag.unit === undefined ? {} : { unit: tag.unit }
        return [{ role: assets.roles[role], tag: tag.name, ...unit, ...newest.sample(tag) }]
      }),
    }))
  }

  #monitor(monitor: Monitor, asset: string): MonitorState {
    const prediction = this.#parts.newest.prediction(monitor.name, asset)
    const learning = monitor.model === undefined
    const progress = Math.min(1, monitor.collected.span / monitor.settings.learn.after)
    const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null)
    const detail = this.#detail(monitor, prediction)
    return {
      monitor: monitor.name,
      kind: 'anomaly',
      state: learning ? 'learning' : (prediction?.state ?? 'unknown'),
      score: finite(prediction?.score),
      threshold: finite(prediction?.threshold),
      health: prediction ? healthOf(prediction.score, prediction.threshold) : null,
      model: monitor.model ?? '',
      ...(learning && { progress }),
      ...(detail !== undefined && { detail }),
      time: prediction?.time ?? null,
      contributions: prediction?.contributions ?? {},
    }
  }

  #detail({ name, model, settings }: Monitor, prediction: Prediction | undefined): string | undefined {
    if (model === undefined) return this.#parts.learning.isTraining(name) ? 'training' : undefined
    if (prediction?.state !== 'unknown') return undefined
    return prediction.coverage < settings.min_coverage
      ? 'too little good data in the window'
      : 'the model has no opinion'
  }

  /** Rates over at least a second. */
  #measure(): void {
    const time = this.#parts.clock.now()
    const seconds = (time - this.#counted.time) / 1000
    if (seconds < 1) return
    const samples = this.#parts.journal.stats('samples').rows
    const predictions = this.#predictions
    if (this.#counted.time > 0) {
      this.#rates = {
        samplesPerSecond: (samples - this.#counted.samples) / seconds,
        predictionsPerSecond: (predictions - this.#counted.predictions) / seconds,
      }
    }
    this.#counted = { time, samples, predictions }
  }
}

/** Records behind which the agent is not ready. */
const mostLag = 10_000
