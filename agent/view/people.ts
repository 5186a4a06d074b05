import {
  type ActionEvent,
  type AuditEvent,
  type Clock,
  correctionOf,
  type JournalEvent,
  type LabelEvent,
  labelEventOf,
  type Signature,
} from '../core/index.ts'
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
    await this.#record(time, { type: 'audit', time, ...entry })
  }

  /** Acknowledges, shelves or unshelves an alarm; `unknown` where there is none of that id. */
  async act(what: ActionEvent['action'], request: AlarmRequest, more: { until?: number } = {}): Promise<AlarmAnswer> {
    const { alarm, by, reason } = request
    const { pipeline, clock } = this.#parts
    const known = pipeline.alarms.open().find(({ id }) => id === alarm)
    if (!known) return 'unknown'
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
    await this.#record(time, event, audited(request, time, changeOf[what], known.asset, reason))
    return 'recorded'
  }

  /** Records that an alarm was false: the machine was sound from its beginning until it cleared, or until now. */
  async falseAlarm(request: AlarmRequest): Promise<AlarmAnswer> {
    const { alarm, by, reason } = request
    const { pipeline, clock } = this.#parts
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
    await this.#record(arrival, event, audited(request, arrival, 'label', asset, `false-alarm of ${alarm}`))
    return 'recorded'
  }

  /** Records what somebody knows of an asset. */
  async label(label: LabelRequest, signature: Signature): Promise<AlarmAnswer> {
    const { pipeline, clock } = this.#parts
    const known = [...pipeline.classes.values()].some(({ assets }) => assets.some(({ name }) => name === label.asset))
    if (!known) return 'unknown'
    const arrival = clock.now()
    const event = labelEventOf({ ...label, by: signature.by }, arrival)
    if (!event) return 'unknown'
    await this.#record(arrival, event, audited(signature, arrival, 'label', label.asset, detailOf(label)))
    return 'recorded'
  }

  /** Records what a part truly is. */
  async correct(correction: CorrectionRequest, signature: Signature): Promise<CorrectionAnswer> {
    const { corrections, clock } = this.#parts
    const arrival = clock.now()
    const { by } = signature
    const found = await corrections.admit(correctionOf({ ...correction, by }, arrival))
    if (typeof found === 'string') return { answer: 'unknown', why: found }
    const subject = `${found.station} ${found.part}`
    await this.#record(arrival, found, audited(signature, arrival, 'verdict', subject, found.class))
    return { answer: 'recorded', class: found.class, learns: found.image !== undefined || found.measured === true }
  }

  /** What belongs together is stored together or not at all. */
  #record(arrival: number, ...events: readonly JournalEvent[]): Promise<void> {
    return this.#parts.ingest.record(events.map((event) => ({ kind: 'event', event, arrival })))
  }
}

/** An action, as the change of the alarm names it. */
const changeOf = { acknowledge: 'acknowledged', shelve: 'shelved', unshelve: 'unshelved' } as const

function audited(
  { by, proof, said }: Signature,
  time: number,
  action: string,
  subject: string,
  detail = '',
): AuditEvent {
  const known = { ...(proof !== undefined && { proof }), ...(said !== undefined && { said }) }
  return { type: 'audit', time, by, ...known, action, subject, detail }
}

/** `fault bearing`, `value 97.4`, with the time it speaks of. */
function detailOf({ type, time, ...label }: LabelRequest): string {
  const what = 'class' in label ? label.class : 'value' in label ? label.value : ''
  const when = time === undefined ? '' : new Date(time).toISOString()
  return [type, what, when].filter((part) => part !== '').join(' ')
}
