import type { Observable } from 'rxjs'
import type { LabelMessage, Role, Signature, TagType } from '../core/index.ts'
import type { StationGlance, StationView } from './inspection-shapes.ts'
import type {
  AgentState,
  AlarmHistory,
  AuditEntry,
  CertificateView,
  DeadLetterView,
  HealthTrend,
  History,
  Ledger,
  LetterResult,
  ModelLife,
  Verdict,
} from './shapes.ts'

import type { ActionsView } from './action-shapes.ts'

export type * from './action-shapes.ts'
export type * from './inspection-shapes.ts'
export type * from './shapes.ts'

/**
 * All that the HTTP server knows of the agent. Everything these functions return is plain JSON: no NaN (null stands for
 * "no value"), no typed arrays, no class instances. What is not a promise is called a few times a second and must not block.
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
  /** Dead letters that are not done with, newest first. */
  deadLetters(request: DeadLetterRequest): Promise<readonly DeadLetterView[]>
  /** One of them with its whole payload, as far as that was kept. */
  deadLetter(id: number): Promise<DeadLetterView | undefined>
  /** Sends dead letters again, or drops them; letters without a result were not begun. */
  settleLetters(
    action: 'resend' | 'drop',
    letters: readonly number[],
    signature: Signature,
  ): Promise<readonly LetterResult[]>
  /** Every metric in the Prometheus text format. */
  metricsText(): Promise<string>
  /** Trends out of the journal. `unknown`: there is no such asset or tag; `busy`: too many wait for theirs. */
  history(request: HistoryRequest): Promise<History | 'unknown' | 'busy'>
  /** What became of alarms, newest first. */
  alarmHistory(limit: number): Promise<AlarmHistory>
  /** What was done through page and API, newest first. */
  audit(limit: number): Promise<readonly AuditEntry[]>
  /** Health of the last windows, for a first glance. */
  trends(): readonly HealthTrend[]
  /** The life of the model of every monitor. */
  models(): Promise<readonly ModelLife[]>
  /** Certificates of OPC UA servers, pending ones first. */
  certificates(): Promise<readonly CertificateView[]>
  /** Trusts a pending certificate. */
  approve(connector: string, thumbprint: string): Promise<AlarmAnswer>
  /** Gives a tag another type from now on; resolves with the one it had once that is on disk. `unknown`: no such tag. */
  retype(tag: string, type: TagType, signature: Signature): Promise<TagType | 'unknown'>
  /** Puts down who did what; durable when it resolves. */
  note(entry: Omit<AuditEntry, 'time'>): Promise<void>
  /** Records that an operator has seen the alarm; durable when it resolves. `unknown`: there is no such alarm. */
  acknowledge(request: AlarmRequest): Promise<AlarmAnswer>
  /** Silences an alarm for `duration` ms. */
  shelve(request: AlarmRequest & { readonly duration: number }): Promise<AlarmAnswer>
  unshelve(request: AlarmRequest): Promise<AlarmAnswer>
  /** Records that an alarm was false: the machine was sound from its beginning until it cleared, or until now. */
  falseAlarm(request: AlarmRequest): Promise<AlarmAnswer>
  /** Records what somebody knows of an asset; durable when it resolves. `unknown`: there is no such asset. */
  label(label: LabelRequest, signature: Signature): Promise<AlarmAnswer>
  /** Records what a part truly is; durable when it resolves. */
  correct(correction: CorrectionRequest, signature: Signature): Promise<CorrectionAnswer>
  readonly modelRequests: ModelActions
  /** Actions: what is proposed, what was done, the stop of all. */
  readonly actions: ActionDesk
  /** There only while a simulated plant is attached. */
  readonly plant?: PlantView
  /** What stations saw and concluded. */
  readonly inspection: InspectionView
  /** There only where stations are configured. */
  readonly camera?: CameraView
}

/** Any label of an asset. */
export type LabelRequest = Exclude<LabelMessage, { type: 'false-alarm' | 'verdict' }>
/** A label of a part. */
export type CorrectionRequest = Extract<LabelMessage, { type: 'verdict' }>

/** `learns`: the image, or all values, are there for the next training. `unknown`: there is no such station, part or class; `why` says which. */
export type CorrectionAnswer =
  | { readonly answer: 'recorded'; readonly class: string; readonly learns: boolean }
  | { readonly answer: 'unknown'; readonly why: string }

/** What may be asked for in the life of a model. Each throws or rejects with a DetectorError that says why not. */
export interface ModelActions {
  /** Puts a version to work; resolves with it. */
  promote(monitor: string, version: string, by: string): Promise<string>
  /** Goes back to the model before; resolves with its version. */
  rollback(monitor: string, by: string): Promise<string>
  retrain(monitor: string, by: string): void
  cancel(monitor: string, by: string): void
}

/** What people see of actions and order about them. What cannot be followed rejects with a DecisionError that says why. */
export interface ActionDesk {
  view(): ActionsView
  answer(
    order: 'approve' | 'refuse',
    decision: string,
    signature: Signature,
    role: Role,
    reason?: string,
  ): Promise<void>
  stop(signature: Signature, reason?: string): Promise<void>
  resume(signature: Signature, reason?: string): Promise<void>
}

export interface AlarmRequest extends Signature {
  /** Id of the alarm, `monitor/asset/raised time`. */
  readonly alarm: string
  readonly reason?: string
}

export type AlarmAnswer = 'recorded' | 'unknown'

/** Which dead letters; times in ms since epoch, `before` an id. */
export interface DeadLetterRequest {
  readonly origin?: string | undefined
  readonly reason?: string | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly before?: number | undefined
  readonly limit: number
}

/** Trends of an asset's tags and scores, or of single tags. */
export interface HistoryRequest {
  readonly asset?: string
  readonly tags?: readonly string[]
  /** ms since epoch. */
  readonly from: number
  readonly to: number
  /** Buckets at most: the width of the chart in pixels. */
  readonly points: number
}

/** A picture; or `unknown`: there is none, or none any more; `busy`: too many are being made. */
export type PictureAnswer = Uint8Array | 'unknown' | 'busy'

/** The stations as the page sees them. Names and ids are looked up, and are never part of a path. */
export interface InspectionView {
  stations(): readonly StationGlance[]
  /** With at most `limit` verdicts, all or those of parts that did not pass; undefined where there is no such station. */
  station(station: string, limit: number, only?: 'trouble'): StationView | undefined
  /** A JPEG. */
  image(station: string, id: string): Promise<PictureAnswer>
  /** A PNG of the same shape. */
  map(station: string, id: string): Promise<PictureAnswer>
}

/** Stations that take images over HTTP. */
export interface CameraView {
  /** Largest image of a station in bytes; undefined where no station of that name takes images over HTTP. */
  largest(station: string): number | undefined
  /** Resolves when the image has its verdict, or was dropped because too many wait. */
  post(station: string, image: Uint8Array, part: string | undefined): Promise<void>
}

/** The simulated plant as the page sees it. `inject` and `repair` return false where they know no such asset or fault. */
export interface PlantView {
  inject(asset: string, fault: string): boolean
  repair(asset: string): boolean
}
