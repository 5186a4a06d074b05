import type { Observable } from 'rxjs'
import type { AlarmState, PredictionKind, PredictionState, Quality, Status, Stream } from '../core/index.ts'

/**
 * All that the HTTP server knows of the agent. Everything these functions return is plain JSON: no NaN (null stands for
 * "no value"), no typed arrays, no class instances. They are called a few times a second and must not block.
 */
export interface AgentView {
  readonly site: string
  readonly version: string
  /** The demo: whoever opens the page on this machine may change things without logging in. */
  readonly demo: boolean
  /** Does the process do its work? Not ok: whoever supervises it should restart it. */
  health(): Verdict
  /** Is it of use now: journal open, pipeline caught up, sources up? */
  ready(): Verdict
  state(): AgentState
  /** Emits whenever `state()` may have changed; as often as it likes, the server thins it out. */
  readonly changes: Observable<unknown>
  ledger(): Ledger
  /** The newest dead letters, newest first. */
  deadLetters(limit: number): readonly DeadLetterView[]
  /** Every metric in the Prometheus text format. */
  metricsText(): Promise<string>
  /** Records that an operator has seen the alarm; durable when it resolves. `unknown`: there is no such alarm. */
  acknowledge(request: AlarmRequest): Promise<AlarmAnswer>
  /** Silences an alarm for `duration` ms. */
  shelve(request: AlarmRequest & { readonly duration: number }): Promise<AlarmAnswer>
  unshelve(request: AlarmRequest): Promise<AlarmAnswer>
  /** There only while a simulated plant is attached. */
  readonly plant?: PlantView
}

export interface AlarmRequest {
  /** Id of the alarm, `monitor/asset/raised time`. */
  readonly alarm: string
  /** Who asks for it. */
  readonly by: string
  readonly reason?: string
}

export type AlarmAnswer = 'recorded' | 'unknown'

export interface Verdict {
  readonly ok: boolean
  /** What is not well, in words for the user; may name what is degraded although `ok` is true. */
  readonly reasons: readonly string[]
}

export interface AgentState {
  /** When this was taken, ms since epoch. */
  readonly time: number
  readonly site: string
  readonly version: string
  readonly demo: boolean
  /** When the process started, ms since epoch. */
  readonly started: number
  readonly ready: Verdict
  readonly throughput: Throughput
  readonly connections: readonly ConnectionState[]
  readonly assets: readonly AssetState[]
  /** Alarms that are not normal, newest first. */
  readonly alarms: readonly AlarmView[]
  readonly journal: Readonly<Record<Stream, StreamState>>
  /** The simulated plant, where one is attached. */
  readonly plant?: PlantState
}

/** Averages over the last seconds. */
export interface Throughput {
  readonly samplesPerSecond: number
  readonly predictionsPerSecond: number
  /** Entries of the journal that the pipeline has not handled yet. */
  readonly lag: number
}

export interface ConnectionState {
  /** The connector's name in the configuration. */
  readonly name: string
  readonly type: string
  readonly direction: 'source' | 'sink'
  readonly status: Status
}

export interface AssetState {
  readonly name: string
  readonly className: string
  readonly monitors: readonly MonitorState[]
  readonly tags: readonly TagState[]
}

/** The newest conclusion of a monitor on one asset. */
export interface MonitorState {
  readonly monitor: string
  readonly kind: PredictionKind
  readonly state: PredictionState
  readonly score: number | null
  readonly threshold: number | null
  /** 1: as learned; 0.5: at the threshold; near 0: far beyond. Null: no opinion. See `healthOf`. */
  readonly health: number | null
  /** Version of the model; empty while learning. */
  readonly model: string
  /** 0 to 1 while learning: the share of the data collected. */
  readonly progress?: number
  /** What it is doing or why it has no opinion: `training`, `too little good data in the window`. */
  readonly detail?: string
  /** End of the window, ms since epoch. */
  readonly time: number | null
  /** Share of the score per role, largest first. */
  readonly contributions: Readonly<Record<string, number>>
}

/** The newest sample of a tag. */
export interface TagState {
  readonly role: string
  readonly tag: string
  readonly unit?: string
  /** Text for tags of type text. */
  readonly value: number | string | boolean | null
  readonly quality: Quality
  /** Event time, ms since epoch; null where there was none yet. */
  readonly time: number | null
}

export interface AlarmView {
  readonly id: string
  readonly asset: string
  readonly monitor: string
  readonly state: AlarmState
  /** Event time, ms since epoch. */
  readonly raised: number
  readonly cleared?: number
  readonly score: number
  readonly threshold: number
  /** Share of the score per role, largest first. */
  readonly contributions: Readonly<Record<string, number>>
  /** Who acknowledged or shelved it last. */
  readonly by?: string
  readonly reason?: string
  readonly shelvedUntil?: number
}

export interface StreamState {
  readonly rows: number
  readonly bytes: number
  readonly corrupt: number
}

/** Where every sample and every result went. `difference` is 0, or something is lost. */
export interface Ledger {
  /** ms since epoch. */
  readonly time: number
  readonly sources: readonly SourceLedger[]
  readonly sinks: readonly SinkLedger[]
}

/** received = stored + rejected (by reason) + in flight + difference */
export interface SourceLedger {
  readonly name: string
  readonly received: number
  readonly stored: number
  readonly rejected: Readonly<Record<string, number>>
  readonly inFlight: number
  readonly difference: number
}

/** stored = delivered + dead-lettered + waiting + difference */
export interface SinkLedger {
  readonly name: string
  readonly stored: number
  readonly delivered: number
  readonly deadLettered: number
  readonly waiting: number
  readonly difference: number
}

export interface DeadLetterView {
  /** Arrival, ms since epoch. */
  readonly time: number
  readonly origin: string
  readonly reason: string
  readonly detail: string
  readonly subject: string
  readonly rows: number
  /** The beginning of the payload as text, undecodable bytes replaced. */
  readonly payload: string
  /** The payload's full size in bytes. */
  readonly size: number
}

/** The simulated plant as the page sees it. `inject` and `repair` return false where they know no such asset or fault. */
export interface PlantView {
  inject(asset: string, fault: string): boolean
  repair(asset: string): boolean
}

export interface PlantState {
  readonly assets: readonly {
    readonly name: string
    /** Faults that can be injected. */
    readonly faults: readonly { readonly name: string; readonly title: string }[]
  }[]
  /** Faults at work now. */
  readonly active: readonly { readonly asset: string; readonly fault: string; readonly severity: number }[]
}

/**
 * Health of a score against its threshold: 1 at score 0, 0.5 at the threshold, falling towards 0 beyond.
 * Null where there is no score or no threshold.
 */
export function healthOf(score: number, threshold: number): number | null {
  if (!Number.isFinite(score) || !(threshold > 0)) return null
  return 1 / (1 + (Math.max(0, score) / threshold) ** 2)
}
