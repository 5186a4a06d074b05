import type { z } from 'zod'
import type { ActionEvent, AlarmEvent, AlarmState, ConditionEvent, Prediction } from '../core/index.ts'
import type { alarmConfig } from '../../config/index.ts'

export type AlarmSettings = z.output<typeof alarmConfig>

/** An alarm that is active, or that nobody has acknowledged yet. */
export interface Alarm {
  readonly id: string
  readonly monitor: string
  readonly asset: string
  readonly state: Exclude<AlarmState, 'normal'>
  /** Event times, ms since epoch. */
  readonly raised: number
  readonly cleared?: number
  readonly score: number
  readonly threshold: number
  readonly contributions: Readonly<Record<string, number>>
  readonly shelvedUntil?: number
  /** Who acted on it last, and why. */
  readonly by?: string
  readonly reason?: string
  /** Of a condition, in words. */
  readonly detail?: string
}

/** How long one (monitor, asset) has been over or under its limits, in windows and since when. */
interface Track {
  last: number
  over: number
  overSince: number
  under: number
  underSince: number
  /** After the clock was set back, windows that are older than the newest by this many ms are new ones. */
  rewind?: number
  alarm?: Alarm
}

/**
 * The alarms of all monitors after ISA-18.2, driven by predictions and operator actions in the order of the journal.
 * Only the newest window of an asset counts: a late revision of an older one changes no alarm.
 */
export class Alarms {
  readonly #settings: Readonly<Record<string, AlarmSettings>>
  #tracks = new Map<string, Track>()

  /** @param settings by monitor */
  constructor(settings: Readonly<Record<string, AlarmSettings>>) {
    this.#settings = settings
  }

  /** Alarms that are active or unacknowledged, newest first. */
  open(): Alarm[] {
    return [...this.#tracks.values()].flatMap(({ alarm }) => alarm ?? []).sort((a, b) => b.raised - a.raised)
  }

  /** What a prediction changes. */
  update(prediction: Prediction): AlarmEvent[] {
    const track = this.#track(`${prediction.monitor}/${prediction.asset}`)
    if (prediction.time <= track.last && !(track.last - prediction.time >= (track.rewind ?? Infinity))) return []
    track.last = prediction.time
    delete track.rewind
    const events = this.#unshelveIfDue(track, prediction.time)
    if (Number.isNaN(prediction.score)) return events
    const settings = this.#settings[prediction.monitor]
    this.#count(track, prediction, settings)
    const active = track.alarm !== undefined && track.alarm.state !== 'cleared'
    if (!active && lasted(settings.dwell, track.over, track.overSince, prediction.time)) {
      track.alarm = raise(prediction, track.alarm)
      return [...events, change('raised', prediction.time, track.alarm, track.alarm.state)]
    }
    if (active && lasted(settings.clear, track.under, track.underSince, prediction.time)) {
      return [...events, this.#clear(track, track.alarm!, prediction.time)]
    }
    return events
  }

  /** The clock of the agent was set, forward by `step` ms. What follows it goes on from there: back, it was seen already. */
  stepped(step: number): void {
    if (step < 0) for (const track of this.#tracks.values()) track.rewind = -step / 2
  }

  /** What a condition changes that has begun or ended. */
  meet({ state, detail, ...condition }: ConditionEvent): AlarmEvent[] {
    const { time } = condition
    const track = this.#track(`${condition.monitor}/${condition.asset}`)
    const events = this.#unshelveIfDue(track, time)
    const active = track.alarm !== undefined && track.alarm.state !== 'cleared'
    if (state === 'ended') return active ? [...events, this.#clear(track, track.alarm!, time)] : events
    if (active) return events
    track.alarm = { ...raise({ ...condition, contributions: {} }, track.alarm), detail }
    return [...events, change('raised', time, track.alarm, track.alarm.state)]
  }

  /** What an operator's action changes; nothing where the alarm is unknown or already so. */
  act(action: ActionEvent): AlarmEvent[] {
    const track = [...this.#tracks.values()].find(({ alarm }) => alarm?.id === action.alarm)
    const alarm = track?.alarm
    if (!track || !alarm) return []
    const who = { by: action.by, ...(action.reason !== undefined && { reason: action.reason }) }
    if (action.action === 'acknowledge') {
      if (alarm.state === 'acknowledged') return []
      const state = alarm.state === 'cleared' ? 'normal' : 'acknowledged'
      track.alarm = state === 'normal' ? undefined : { ...withoutActor(alarm), state, ...who }
      return [change('acknowledged', action.time, alarm, state, who)]
    }
    const { shelvedUntil, ...rest } = { ...withoutActor(alarm), ...who }
    if (action.action === 'shelve') track.alarm = { ...rest, shelvedUntil: action.until ?? Infinity }
    else if (shelvedUntil === undefined) return []
    else track.alarm = rest
    return [change(action.action === 'shelve' ? 'shelved' : 'unshelved', action.time, alarm, alarm.state, who)]
  }

  save(): unknown {
    return [...this.#tracks]
  }

  load(saved: unknown): void {
    this.#tracks = new Map(saved as [string, Track][])
  }

  #track(key: string): Track {
    let track = this.#tracks.get(key)
    if (!track) this.#tracks.set(key, (track = { last: -Infinity, over: 0, overSince: 0, under: 0, underSince: 0 }))
    return track
  }

  #count(track: Track, { score, threshold, time }: Prediction, { hysteresis }: AlarmSettings): void {
    if (score > threshold) {
      if (track.over++ === 0) track.overSince = time
    } else track.over = 0
    if (score < threshold - hysteresis * Math.abs(threshold)) {
      if (track.under++ === 0) track.underSince = time
    } else track.under = 0
  }

  #clear(track: Track, alarm: Alarm, time: number): AlarmEvent {
    const state = alarm.state === 'acknowledged' ? 'normal' : 'cleared'
    track.alarm = state === 'normal' ? undefined : { ...alarm, state, cleared: time }
    return change('cleared', time, alarm, state)
  }

  #unshelveIfDue(track: Track, time: number): AlarmEvent[] {
    if (track.alarm?.shelvedUntil === undefined || time < track.alarm.shelvedUntil) return []
    const { shelvedUntil, ...rest } = track.alarm
    track.alarm = rest
    return [change('unshelved', time, rest, rest.state)]
  }
}

function lasted(span: AlarmSettings['dwell'], count: number, since: number, time: number): boolean {
  return count > 0 && ('windows' in span ? count >= span.windows : time - since >= span.ms)
}

/** A fresh alarm; one that was cleared but not acknowledged comes back under its own id. */
function raise(
  {
    monitor,
    asset,
    time,
    score,
    threshold,
    contributions,
  }: Pick<Prediction, 'monitor' | 'asset' | 'time' | 'score' | 'threshold' | 'contributions'>,
  earlier?: Alarm,
): Alarm {
  const id = earlier?.id ?? `${monitor}/${asset}/${new Date(time).toISOString()}`
  const shelved = earlier?.shelvedUntil === undefined ? {} : { shelvedUntil: earlier.shelvedUntil }
  return { id, monitor, asset, state: 'raised', raised: time, score, threshold, contributions, ...shelved }
}

function withoutActor({ by: _, reason: __, ...alarm }: Alarm): Alarm {
  return alarm
}

function change(
  kind: AlarmEvent['change'],
  time: number,
  { id, asset, monitor, raised, score, threshold, contributions, detail }: Alarm,
  state: AlarmState,
  who: { by?: string; reason?: string } = {},
): AlarmEvent {
  return {
    type: 'alarm',
    time,
    id,
    asset,
    monitor,
    change: kind,
    state,
    raised,
    score,
    threshold,
    contributions,
    ...(detail !== undefined && { detail }),
    ...who,
  }
}
