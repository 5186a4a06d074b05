import type {
  AlarmEvent,
  CorrectionEvent,
  DecisionEvent,
  InspectionEvent,
  ModelEvent,
  Prediction,
  RejectEvent,
  ReportEvent,
} from '../../agent/core/index.ts'

/* What is published, as JSON. */

/** JSON of a prediction, retained at `{prefix}/{site}/{asset}/{monitor}`. */
export interface PredictionMessage {
  /** End of the window, ISO 8601 in UTC, and the same in ms since epoch. */
  readonly time: string
  readonly ts: number
  readonly asset: string
  readonly monitor: string
  readonly kind: Prediction['kind']
  readonly state: Prediction['state']
  /** In the unit of the monitor; null where it has no opinion. An anomaly where it is above the threshold. */
  readonly score: number | null
  readonly threshold: number | null
  /** Share of the window with good samples, 0 to 1: of the signals that were used, the least. */
  readonly coverage: number
  /** Signals that the model reads and had no value for; absent where it had all. */
  readonly missing?: readonly string[]
  /** 1 at first; one more each time late data changed the window. */
  readonly revision: number
  /** Version of the model, empty while learning. */
  readonly model: string
  /** Share of the score by role, 0 to 1, together 1, largest first. */
  readonly contributions: Readonly<Record<string, number>>
  /** Kind rul: remaining life in ms; estimate: the value in its own unit; with the bounds that hold it nine times of ten. */
  readonly value?: number | null
  readonly lower?: number | null
  readonly upper?: number | null
  /** Kind fault: the concluded class, and its probability. */
  readonly label?: string
  readonly probability?: number | null
  /** There was no news for longer than usual: the state is unknown since then, ISO 8601 in UTC, null where it never was known. */
  readonly stale?: true
  readonly since?: string | null
}

/** JSON of what a machine's control says itself, at `{prefix}/{site}/{asset}/report`; not retained. */
export interface ReportMessage extends Omit<ReportEvent, 'type' | 'time'> {
  readonly time: string
  readonly ts: number
}

/** JSON of a change of an alarm, retained at `{prefix}/{site}/{asset}/{monitor}/alarm`: the newest tells how it stands. */
export interface AlarmMessage extends Omit<AlarmEvent, 'type' | 'time' | 'raised'> {
  readonly time: string
  readonly ts: number
  /** When it was raised. */
  readonly raised: string
}

/** JSON of a step of a model, retained at `{prefix}/{site}/{monitor}/model`. */
export interface ModelMessage extends Omit<ModelEvent, 'type' | 'time'> {
  readonly time: string
  readonly ts: number
}

/** JSON of a verdict on a part, retained at `{prefix}/{site}/{station}/verdict`; of one that fails also at `.../reject`, not retained. */
export interface InspectionMessage extends Omit<InspectionEvent, 'type' | 'time'> {
  readonly time: string
  readonly ts: number
}

/** JSON of what somebody says of a part, at `{prefix}/{site}/{station}/correction`, not retained. */
export interface CorrectionMessage extends Omit<CorrectionEvent, 'type' | 'time' | 'answers'> {
  readonly time: string
  readonly ts: number
}

/** JSON of what became of a signal to a PLC, retained at `{prefix}/{site}/{station}/reject/outcome`. */
export interface RejectMessage extends Omit<RejectEvent, 'type' | 'time'> {
  readonly time: string
  readonly ts: number
}

/** JSON of a step of a decision, retained at `{prefix}/{site}/{asset}/action/{name}`: the newest tells how it stands. */
export interface DecisionMessage extends Omit<DecisionEvent, 'type' | 'time'> {
  readonly time: string
  readonly ts: number
}

/** JSON of birth and will, retained at `{prefix}/{site}/status`; the will has no time. */
export interface StatusMessage {
  readonly state: 'online' | 'offline'
  readonly site: string
  readonly time?: string
}
