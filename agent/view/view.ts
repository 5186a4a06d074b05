// Longer than others: all that page and API may know and do, each in a line or two.
import { Subject } from 'rxjs'
import type { Trust } from '../connections/index.ts'
import type { Alarm } from '../pipeline/index.ts'
import type { Annals } from './annals.ts'
import { type Clock, type Journal, type Prediction, type Signature, streams, type TagType } from '../core/index.ts'
import type { Ingest } from '../ingest/index.ts'
import {
  type ActionDesk,
  type AgentState,
  type AgentView,
  type AlarmAnswer,
  type AlarmHistory,
  type AlarmRequest,
  type AuditEntry,
  type CertificateView,
  type CorrectionAnswer,
  type CorrectionRequest,
  type DeadLetterRequest,
  type DeadLetterView,
  type HealthTrend,
  type LabelRequest,
  type ModelActions,
  type History,
  type HistoryRequest,
  type Ledger,
  type LetterResult,
  type ModelLife,
  type InspectionView,
  type PlantState,
  type CameraView,
  type PlantView,
  type StreamState,
  type Verdict,
} from './agent-view.ts'
import type { Desk } from '../decisions/index.ts'
import type { HealthTrends } from './health-trends.ts'
import type { HistoryReader, HistoryTag } from './history.ts'
import type { Letters } from '../letters/index.ts'
import { version } from '../process/index.ts'
import { auditTrail } from './audit-trail.ts'
import { People, type PeopleParts } from './people.ts'
import { connectionStates, ledgerOf, type ConnectionParts } from './connections.ts'
import { assetStates, type AssetParts } from './assets.ts'
import { findLetter, listLetters, settleLetters } from './dead-letters.ts'
import { modelLives, type ModelParts } from './models.ts'

/** The parts of a running agent that the view looks at. */
export interface ViewParts extends AssetParts, ModelParts, ConnectionParts, PeopleParts {
  readonly site: string
  readonly clock: Clock
  readonly journal: Journal
  /** Bytes that the journal may take. */
  readonly journalLimit: number
  readonly ingest: Ingest
  readonly annals: Annals
  readonly history: HistoryReader
  readonly trends: HealthTrends
  readonly trust: Trust
  readonly letters: Letters
  metricsText(): Promise<string>
  /** Entries that the pipeline has not handled. */
  lag(): number
  /** Why the agent cannot do its work any more, if so. */
  failure(): string | undefined
  /** What the agent does without, and why, in words. */
  leftOut(): readonly string[]
  /** The disk of the data folder, where the system tells. */
  disk(): AgentState['disk']
  readonly plant?: PlantView & { state(): PlantState }
  readonly camera?: CameraView
  readonly inspection: InspectionView
  readonly modelRequests: ModelActions
  readonly actions: Desk
}

/** Everything the HTTP server may know and do. */
export class View implements AgentView {
  readonly version = version
  readonly changes = new Subject<void>()
  readonly #parts: ViewParts
  readonly #started: number
  readonly #people: People
  #rates = { samplesPerSecond: 0, predictionsPerSecond: 0 }
  #counted: { readonly time: number; readonly samples: number; readonly predictions: number }
  #predictions = 0

  constructor(parts: ViewParts) {
    this.#parts = parts
    this.#started = parts.clock.now()
    this.#people = new People(parts)
    this.#counted = { time: performance.now(), samples: parts.journal.stats('samples').rows, predictions: 0 }
  }

  get site(): string {
    return this.#parts.site
  }

  get demo(): boolean {
    return this.#parts.plant !== undefined
  }

  get camera(): CameraView | undefined {
    return this.#parts.camera
  }

  get inspection(): InspectionView {
    return this.#parts.inspection
  }

  get plant(): PlantView | undefined {
    return this.#parts.plant
  }

  /** Told of new predictions, so that it can count them. */
  predicted(predictions: readonly Prediction[]): void {
    this.#predictions += predictions.length
    this.#parts.trends.take(predictions)
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
      ...(ingest.full || this.#parts.journal.holding ? ['the journal cannot store; nothing is acknowledged'] : []),
      ...(lag > mostLag ? [`the pipeline is ${lag} records behind`] : []),
    ]
    const troubled = connectionStates(this.#parts).filter(({ status }) => status.state !== 'up')
    const sources = connections.filter(({ source }) => source)
    if (sources.length > 0 && sources.every(({ status }) => status.state === 'down' || status.state === 'connecting')) {
      failing.push('no source is connected')
    }
    const down = troubled.map(({ name, status }) => `${name}: ${status.message}`)
    return { ok: failing.length === 0, reasons: [...failing, ...this.#parts.leftOut(), ...down] }
  }

  state(): AgentState {
    const { clock, pipeline, journal, plant, inspection, actions } = this.#parts
    const disk = this.#parts.disk()
    this.#measure()
    return {
      time: clock.now(),
      site: this.site,
      version,
      demo: this.demo,
      started: this.#started,
      ready: this.ready(),
      throughput: { ...this.#rates, lag: this.#parts.lag() },
      connections: connectionStates(this.#parts),
      assets: assetStates(this.#parts),
      alarms: pipeline.alarms.open().map((alarm: Alarm) => ({ ...alarm })),
      journal: Object.fromEntries(
        streams.map((stream) => {
          const { rows, bytes, corrupt } = journal.stats(stream)
          return [stream, { rows, bytes, corrupt }]
        }),
      ) as Record<(typeof streams)[number], StreamState>,
      journalLimit: this.#parts.journalLimit,
      ...(disk && { disk }),
      ...(this.#parts.leftOut().length > 0 && { leftOut: this.#parts.leftOut() }),
      stations: inspection.stations(),
      ...(actions.revision !== undefined && { actions: actions.revision }),
      ...(plant && { plant: plant.state() }),
    }
  }

  ledger(): Ledger {
    return ledgerOf(this.#parts)
  }

  deadLetters(request: DeadLetterRequest): Promise<readonly DeadLetterView[]> {
    return listLetters(this.#parts.letters, request)
  }

  deadLetter(id: number): Promise<DeadLetterView | undefined> {
    return findLetter(this.#parts.letters, id)
  }

  settleLetters(
    action: 'resend' | 'drop',
    ids: readonly number[],
    signature: Signature,
  ): Promise<readonly LetterResult[]> {
    return settleLetters(this.#parts.letters, this.#people, { action, ids, signature })
  }

  metricsText(): Promise<string> {
    return this.#parts.metricsText()
  }

  async history(request: HistoryRequest): Promise<History | 'unknown' | 'busy'> {
    const { history } = this.#parts
    const tags = this.#historyTags(request)
    if (tags.length === 0) return 'unknown'
    return history.waiting >= mostWaiting ? 'busy' : history.read(request, tags)
  }

  /** None where there is no such asset, or one of the tags is not known. */
  #historyTags({ asset, tags: names = [] }: HistoryRequest): HistoryTag[] {
    const { pipeline, tags } = this.#parts
    if (asset === undefined) {
      const found = names.flatMap((name) => tags.find(name) ?? [])
      return found.length === names.length ? found.map(({ index }) => ({ index })) : []
    }
    for (const { assets, roles } of pipeline.classes.values()) {
      const known = assets.find(({ name }) => name === asset)
      if (known) return known.tags.flatMap((index, role) => (index < 0 ? [] : [{ index, role: roles[role] }]))
    }
    return []
  }

  async alarmHistory(limit: number): Promise<AlarmHistory> {
    const { events, reaches } = await this.#parts.annals.newest('alarm', limit)
    return { changes: events.map(({ type: _, ...change }) => change), reaches }
  }

  audit(limit: number): Promise<readonly AuditEntry[]> {
    return auditTrail(this.#parts.annals, limit)
  }

  trends(): readonly HealthTrend[] {
    return this.#parts.trends.all()
  }

  models(): Promise<readonly ModelLife[]> {
    return modelLives(this.#parts)
  }

  certificates(): Promise<readonly CertificateView[]> {
    return this.#parts.trust.list()
  }

  approve(connector: string, thumbprint: string): Promise<AlarmAnswer> {
    return this.#parts.trust.approve(connector, thumbprint)
  }

  async retype(tag: string, type: TagType, signature: Signature): Promise<TagType | 'unknown'> {
    const { tags } = this.#parts.journal
    const from = tags.find(tag)?.type
    if (from === undefined) return 'unknown'
    tags.retype(tag, type)
    // The record takes the table of tags to the disk with it.
    await this.note({ ...signature, action: 'retype', subject: tag, detail: `${from} until now, ${type} from here on` })
    return from
  }

  note(entry: Omit<AuditEntry, 'time'>): Promise<void> {
    return this.#people.note(entry)
  }

  acknowledge(request: AlarmRequest): Promise<AlarmAnswer> {
    return this.#people.act('acknowledge', request)
  }

  shelve(request: AlarmRequest & { readonly duration: number }): Promise<AlarmAnswer> {
    return this.#people.act('shelve', request, { until: this.#parts.clock.now() + request.duration })
  }

  unshelve(request: AlarmRequest): Promise<AlarmAnswer> {
    return this.#people.act('unshelve', request)
  }

  falseAlarm(request: AlarmRequest): Promise<AlarmAnswer> {
    return this.#people.falseAlarm(request)
  }

  label(label: LabelRequest, signature: Signature): Promise<AlarmAnswer> {
    return this.#people.label(label, signature)
  }

  correct(correction: CorrectionRequest, signature: Signature): Promise<CorrectionAnswer> {
    return this.#people.correct(correction, signature)
  }

  get actions(): ActionDesk {
    return this.#parts.actions
  }

  get modelRequests(): ModelActions {
    return this.#parts.modelRequests
  }

  /** Rates over at least a second. */
  #measure(): void {
    const time = performance.now()
    const seconds = (time - this.#counted.time) / 1000
    if (seconds < 1) return
    const samples = this.#parts.journal.stats('samples').rows
    const predictions = this.#predictions
    this.#rates = {
      samplesPerSecond: (samples - this.#counted.samples) / seconds,
      predictionsPerSecond: (predictions - this.#counted.predictions) / seconds,
    }
    this.#counted = { time, samples, predictions }
  }
}

/** Records behind which the agent is not ready. */
const mostLag = 10_000
/** Charts that may wait for their data at a time. */
const mostWaiting = 40
