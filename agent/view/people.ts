import { correctionOf, labelEventOf, type ActionEvent, type Clock, type LabelEvent } from '../core/index.ts'
import type { Corrections, Ingest } from '../ingest/index.ts'
import type { Pipeline } from '../pipeline/index.ts'
import type {
  AlarmAnswer,
  AlarmRequest,
  AuditEntry,
  CorrectionAnswer,
  CorrectionRequest,
  LabelRequest,
} from './agent-view.ts'

export interface PeopleParts {
  readonly clock: Clock
  readonly ingest: Pick<Ingest, 'record'>
  readonly pipeline: Pipeline
  readonly corrections: Corrections
}

/** What people do and say, as records of the journal; durable when a method resolves. */
export class People {
  readonly #parts: PeopleParts

  constructor(parts: PeopleParts) {
    this.#parts = parts
  }

  /** Puts down who did what. */
  async note(entry: Omit<AuditEntry, 'time'>): Promise<void> {
    const time = this.#parts.clock.now()
    await this.#parts.ingest.record([{ kind: 'event', event: { type: 'audit', time, ...entry }, arrival: time }])
  }

  /** Acknowledges, shelves or unshelves an alarm; `unknown` where there is none of that id. */
  async act(what: ActionEvent['action'], request: AlarmRequest, more: { until?: number } = {}): Promise<AlarmAnswer> {
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

  /** Records that an alarm was false: the machine was sound from its beginning until it cleared, or until now. */
  async falseAlarm({ alarm, by, reason }: AlarmRequest): Promise<AlarmAnswer> {
    const { pipeline, ingest, clock } = this.#parts
    const known = pipeline.alarms.open().find(({ id }) => id === alarm)
    if (!known) return 'unknown'
    const { asset, monitor, raised, cleared } = known
    const arrival = clock.now()
    const event: LabelEvent = {
      type: 'label',
      label: 'false-alarm',
      time: cleared ?? Math.max(raised, arrival),
      // The window that raised it is among them.
      from: raised - 1,
      asset,
      monitor,
      by,
      ...(reason !== undefined && { note: reason }),
    }
    await ingest.record([{ kind: 'event', event, arrival }])
    return 'recorded'
  }

  /** Records what somebody knows of an asset. */
  async label(label: LabelRequest): Promise<AlarmAnswer> {
    const { pipeline, ingest, clock } = this.#parts
    const known = [...pipeline.classes.values()].some(({ assets }) => assets.some(({ name }) => name === label.asset))
    if (!known) return 'unknown'
    const arrival = clock.now()
    const event = labelEventOf(label, arrival)
    if (event) await ingest.record([{ kind: 'event', event, arrival }])
    return event ? 'recorded' : 'unknown'
  }

  /** Records what a part truly is. */
  async correct(correction: CorrectionRequest): Promise<CorrectionAnswer> {
    const { corrections, ingest, clock } = this.#parts
    const arrival = clock.now()
    const found = await corrections.admit(correctionOf(correction, arrival))
    if (typeof found === 'string') return { answer: 'unknown', why: found }
    await ingest.record([{ kind: 'event', event: found, arrival }])
    return { answer: 'recorded', class: found.class, learns: found.image !== undefined || found.measured === true }
  }
}
