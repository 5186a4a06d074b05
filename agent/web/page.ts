import { stateBeyond } from '../core/prediction.ts'
import type { AgentState, AlarmView, AssetState, HealthTrend, Ledger, MonitorState } from '../view/shapes.ts'
import type { Route } from './route.ts'
import type { Operator } from './session.ts'

/** What every view is drawn from. */
export interface Page {
  readonly state: AgentState
  readonly ledger: Ledger | undefined
  readonly trends: readonly HealthTrend[]
  readonly operator: Operator
  readonly route: Route
}

/** How loudly something asks for attention, the loudest first. */
export const levels = ['bad', 'warn', 'unknown', 'learning', 'good'] as const
export type Level = (typeof levels)[number]

/** An asset at a glance. */
export interface Glance {
  readonly asset: AssetState
  readonly level: Level
  /** The monitor that is worst off. */
  readonly monitor: MonitorState | undefined
  readonly alarm: AlarmView | undefined
}

/** Every asset at a glance: trouble first, by name among equals, so that tiles stay where they are. */
export function glances({ assets, alarms, time }: AgentState): Glance[] {
  return assets
    .map((asset) => glanceOf(asset, alarms, time))
    .sort(
      (one, other) =>
        levels.indexOf(one.level) - levels.indexOf(other.level) ||
        one.asset.name.localeCompare(other.asset.name, 'en', { numeric: true }),
    )
}

export function glanceOf(asset: AssetState, alarms: readonly AlarmView[], now: number): Glance {
  const own = alarms.filter((alarm) => alarm.asset === asset.name && !isShelved(alarm, now))
  const alarm = own.find(({ state }) => state === 'raised') ?? own.at(0)
  const [monitor] = [...asset.monitors].sort((one, other) => weight(one) - weight(other))
  return { asset, alarm, monitor: asset.monitors.length > 0 ? monitor : undefined, level: levelOf(alarm, monitor) }
}

export function isShelved(alarm: AlarmView, now: number): boolean {
  return alarm.shelvedUntil !== undefined && alarm.shelvedUntil > now
}

function levelOf(alarm: AlarmView | undefined, monitor: MonitorState | undefined): Level {
  if (alarm?.state === 'raised') return 'bad'
  if (alarm || (monitor && Object.values(stateBeyond).some((state) => state === monitor.state))) return 'warn'
  if (monitor?.state === 'learning') return 'learning'
  return monitor?.state === 'normal' ? 'good' : 'unknown'
}

function weight({ state, health }: MonitorState): number {
  return state === 'learning' ? 2 : (health ?? 1.5)
}

/** Shares that would be shown as 0 %. */
const leastShare = 0.005

/** What each signal adds to a score, as shares of what is added; some take away from it. Largest first. */
export function sharesOf(contributions: Readonly<Record<string, number>>): [string, number][] {
  const adding = Object.entries(contributions).filter(([, share]) => share > 0)
  const sum = adding.reduce((total, [, share]) => total + share, 0)
  const shares = adding.map(([role, share]): [string, number] => [role, share / sum])
  return shares.filter(([, share]) => share >= leastShare).sort(([, one], [, other]) => other - one)
}
