import type {
  AlarmEvent,
  CorrectionEvent,
  DecisionEvent,
  Entry,
  InspectionEvent,
  JournalEvent,
  ModelEvent,
  SilenceEvent,
  Prediction,
  RejectEvent,
  ReportEvent,
} from '../../agent/core/index.ts'
import type {
  PredictionMessage,
  ReportMessage,
  AlarmMessage,
  ModelMessage,
  InspectionMessage,
  CorrectionMessage,
  RejectMessage,
  DecisionMessage,
} from './messages.ts'
import type { PublishSettings } from './settings.ts'

/** One message to publish. */
export interface Publication {
  readonly topic: string
  readonly payload: string
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly entry: Entry
  /** Row of the entry, for predictions. */
  readonly row?: number
  /** The prediction it stands for. */
  readonly prediction?: Prediction
}

/** Turns entries of the results stream into messages. */
export class Publisher {
  readonly #settings: PublishSettings
  readonly #base: string
  /** The newest prediction that the broker has, by topic. */
  readonly #published = new Map<string, Prediction>()

  constructor(settings: PublishSettings, site: string) {
    this.#settings = settings
    this.#base = `${settings.prefix}/${level(site)}`
  }

  get statusTopic(): string {
    return `${this.#base}/status`
  }

  /**
   * The messages of `entries`, in their order: of the predictions of one monitor and asset the newest, and none that is
   * older than what was published; with `every` each of them as well; of alarms and models every event.
   */
  publications(entries: readonly Entry[]): Publication[] {
    const newest = new Map<string, Publication>()
    const events: Publication[] = []
    const { content, qos, retain, every } = this.#settings
    for (const entry of entries) {
      if (entry.kind === 'event') {
        if (entry.event.type === 'clock' && entry.event.step < 0) {
          // The clock was set back: what is concluded now is older than what was published, and new all the same.
          this.#published.clear()
          newest.clear()
        }
        const event = this.#event(entry, entry.event)
        // What is said of a silent machine stands in the place of a prediction, until the next one.
        if (event && entry.event.type === 'silence') newest.set(event.topic, event)
        else if (event) events.push(event)
        const reject = this.#reject(entry, entry.event)
        if (reject) events.push(reject)
      } else if (entry.kind === 'predictions' && content.includes('predictions')) {
        for (const [row, prediction] of entry.predictions.entries()) {
          const topic = `${this.#base}/${path(prediction.asset)}/${level(prediction.monitor)}`
          const last = newest.get(topic)?.prediction ?? this.#published.get(topic)
          const older = last !== undefined && isNewer(last, prediction)
          if (older && !every) continue
          const payload = JSON.stringify(predictionMessage(prediction))
          // What was published once before is published again where a write is repeated: at least once.
          if (every) events.push({ topic: `${topic}/every`, payload, qos: qos || 1, retain: false, entry, row })
          if (older) continue
          newest.set(topic, { topic, payload, qos, retain, entry, row, prediction })
        }
      }
    }
    return [...newest.values(), ...events]
  }

  /** The broker has it. */
  published({ topic, prediction }: Publication): void {
    if (prediction) this.#published.set(topic, prediction)
  }

  #event(entry: Entry, event: JournalEvent): Publication | undefined {
    const { content } = this.#settings
    const qos = this.#settings.qos || 1
    if (event.type === 'alarm' && content.includes('alarms')) {
      const topic = `${this.#base}/${path(event.asset)}/${level(event.monitor)}/alarm`
      return { topic, payload: JSON.stringify(alarmMessage(event)), qos, retain: true, entry }
    }
    if (event.type === 'silence' && content.includes('predictions')) {
      const topic = `${this.#base}/${path(event.asset)}/${level(event.monitor)}`
      const { retain } = this.#settings
      return { topic, payload: JSON.stringify(silenceMessage(event)), qos, retain, entry }
    }
    if (event.type === 'model' && content.includes('models')) {
      const topic = `${this.#base}/${level(event.monitor)}/model`
      return { topic, payload: JSON.stringify(modelMessage(event)), qos, retain: true, entry }
    }
    if (event.type === 'report' && content.includes('reports')) {
      const topic = `${this.#base}/${path(event.asset)}/report`
      return { topic, payload: JSON.stringify(reportMessage(event)), qos, retain: false, entry }
    }
    if (event.type === 'decision' && content.includes('actions')) {
      const place = event.asset === '' ? this.#base : `${this.#base}/${path(event.asset)}`
      const topic = `${place}/action/${level(event.action)}`
      return { topic, payload: JSON.stringify(decisionMessage(event)), qos, retain: true, entry }
    }
    if (event.type === 'correction' && content.includes('inspections')) {
      const topic = `${this.#base}/${level(event.station)}/correction`
      return { topic, payload: JSON.stringify(correctionMessage(event)), qos, retain: false, entry }
    }
    if (event.type === 'inspection' && content.includes('inspections')) {
      const topic = `${this.#base}/${level(event.station)}/verdict`
      return { topic, payload: JSON.stringify(inspectionMessage(event)), qos, retain: true, entry }
    }
    if (event.type === 'reject' && content.includes('inspections')) {
      const topic = `${this.#base}/${level(event.station)}/reject/outcome`
      return { topic, payload: JSON.stringify(rejectMessage(event)), qos, retain: true, entry }
    }
    return undefined
  }

  /** The signal that takes a part off the line: not retained, so that no part is rejected for one before it. */
  #reject(entry: Entry, event: JournalEvent): Publication | undefined {
    if (event.type !== 'inspection' || event.verdict !== 'fail' || !this.#settings.content.includes('inspections')) return undefined // prettier-ignore
    const { part, station, reason, time } = event
    const payload = JSON.stringify({ part, reason, time: isoTime(time), ts: time })
    return {
      topic: `${this.#base}/${level(station)}/reject`,
      payload,
      qos: this.#settings.qos || 1,
      retain: false,
      entry,
    }
  }
}

function isNewer(last: Prediction, next: Prediction): boolean {
  return last.time > next.time || (last.time === next.time && last.revision > next.revision)
}

function predictionMessage(prediction: Prediction): PredictionMessage {
  const { time, asset, monitor, kind, state, score, threshold, coverage, revision, model, contributions } = prediction
  const { missing, value, lower, upper, label, probability } = prediction
  return {
    time: isoTime(time),
    ts: time,
    asset,
    monitor,
    kind,
    state,
    score: finite(score),
    threshold: finite(threshold),
    coverage,
    revision,
    model,
    contributions,
    ...(missing && { missing }),
    ...(value !== undefined && { value: finite(value) }),
    ...(lower !== undefined && { lower: finite(lower) }),
    ...(upper !== undefined && { upper: finite(upper) }),
    ...(label !== undefined && { label }),
    ...(probability !== undefined && { probability }),
  }
}

function silenceMessage({ time, asset, monitor, kind, since }: SilenceEvent): PredictionMessage {
  return {
    ...{ time: isoTime(time), ts: time, asset, monitor, kind },
    ...{ state: 'unknown', score: null, threshold: null, coverage: 0, revision: 1, model: '', contributions: {} },
    ...{ stale: true, since: since === undefined ? null : isoTime(since) },
  }
}

function alarmMessage({ type: _, time, raised, ...event }: AlarmEvent): AlarmMessage {
  return { time: isoTime(time), ts: time, raised: isoTime(raised), ...event }
}

function reportMessage({ type: _, time, ...event }: ReportEvent): ReportMessage {
  return { time: isoTime(time), ts: time, ...event }
}

function modelMessage({ type: _, time, ...event }: ModelEvent): ModelMessage {
  return { time: isoTime(time), ts: time, ...event }
}

function decisionMessage({ type: _, time, ...event }: DecisionEvent): DecisionMessage {
  return { time: isoTime(time), ts: time, ...event }
}

function correctionMessage({ type: _, time, answers: __, ...event }: CorrectionEvent): CorrectionMessage {
  return { time: isoTime(time), ts: time, ...event }
}

function inspectionMessage({ type: _, time, ...event }: InspectionEvent): InspectionMessage {
  return { time: isoTime(time), ts: time, ...event }
}

function rejectMessage({ type: _, time, ...event }: RejectEvent): RejectMessage {
  return { time: isoTime(time), ts: time, ...event }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

function isoTime(time: number): string {
  return new Date(time).toISOString()
}

/** A name as one level of a topic: what a topic may not hold is percent-encoded, `/` as well. */
export function level(name: string): string {
  return path(name).replaceAll('/', '%2F')
}

/** A name as levels of a topic: `+`, `#`, `%` and control characters are percent-encoded, `/` stays. */
export function path(name: string): string {
  return name.replace(/[+#%\p{Cc}]/gu, (character) => encodeURIComponent(character))
}
