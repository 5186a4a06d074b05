import type { Asset } from '../core/index.ts'
import type { SavedWatermark, Watermark } from './watermark.ts'
import { ClosedWindows, type SavedClosed } from './window-closed.ts'
import { Column } from './window-column.ts'

/** One role of one asset: its samples as far as windows still need them. */
export class RoleState {
  readonly state: AssetState
  readonly tag: number
  readonly tagName: string
  /** Index of the role in the class. */
  readonly role: number
  /** How long a value holds, ms; undefined: as long as the window is. */
  readonly hold: number | undefined
  /** The tag reports by change: its first sample is what it already was, however old. */
  readonly onChange: boolean
  /** Good and uncertain samples. */
  readonly good = new Column(true)
  /** Times of bad ones. */
  readonly bad = new Column(false, 4)
  /** Newest time of either; NaN before the first, which thus never takes the fast way. */
  newest = NaN
  /** Where the last window began and ended in `good`. */
  low = 0
  high = 0
  edition = 0

  constructor(
    state: AssetState,
    role: number,
    tag: { index: number; name: string; reporting?: string },
    hold?: number,
  ) {
    this.state = state
    this.role = role
    this.tag = tag.index
    this.tagName = tag.name
    this.onChange = tag.reporting === 'change'
    this.hold = this.onChange ? Infinity : hold
  }

  /** Time of the first sample at or after `time`, Infinity where there is none. */
  next(time: number): number {
    const good = this.good.find(time)
    const bad = this.bad.find(time)
    return Math.min(
      good < this.good.tail ? this.good.time[good] : Infinity,
      bad < this.bad.tail ? this.bad.time[bad] : Infinity,
    )
  }

  /** Time of the last good sample before `time` that no bad one follows by then, -Infinity where there is none. */
  heldAt(time: number): number {
    const good = this.good.find(time)
    if (good === this.good.head) return -Infinity
    const bad = this.bad.find(time)
    const since = this.good.time[good - 1]
    return bad > this.bad.head && this.bad.time[bad - 1] > since ? -Infinity : since
  }
}

/** One asset: its roles, its event time, and how far its windows have come. */
export class AssetState {
  readonly asset: Asset
  readonly watermark: Watermark
  readonly roles: RoleState[] = []
  /** Distinct event times of the asset; undefined where windows lie on a grid of time. */
  readonly clock: Column | undefined
  readonly closed = new ClosedWindows()
  /** Samples before this are late. NaN before the first sample. */
  lateBefore = NaN
  /** Time windows: the next end. Session windows: no session closes before. */
  next = NaN
  /** Count windows: event times counted so far. */
  seen = 0
  /** Time windows: how many in a row had held values only; and whether one without coverage was emitted since. */
  heldRun = 0
  uncovered = true
  /** Arrival at which the first window without coverage is due while all sources are silent. */
  uncoveredAt = Infinity
  /** Late data has changed closed windows that were not emitted again yet. */
  dirty = false
  /** ms by which the agent's clock was set since the newest sample; 0: not. */
  stepped = 0
  /** Added to arrivals: what the clock was set by, for samples with a time of their own, which did not go with it. */
  offset = 0
  /** Row of `clock` where the last window closed. */
  clockRow = 0

  constructor(asset: Asset, watermark: Watermark, counting: boolean) {
    this.asset = asset
    this.watermark = watermark
    this.clock = counting ? new Column(false) : undefined
  }

  get opened(): boolean {
    return !Number.isNaN(this.lateBefore)
  }
}

/** The state of an asset as it is saved. Tags by name. */
export interface SavedAsset {
  readonly watermark: SavedWatermark
  readonly roles: readonly {
    readonly tag: string
    readonly newest: number
    readonly time: Float64Array
    readonly value: Float64Array
    readonly bad: Float64Array
  }[]
  readonly clock?: Float64Array
  readonly closed: SavedClosed
  readonly lateBefore: number
  readonly next: number
  readonly seen: number
  readonly heldRun: number
  readonly uncovered: boolean
  readonly uncoveredAt: number
  readonly dirty: boolean
  readonly stepped?: number
  readonly offset?: number
}

export function saveAsset(state: AssetState): SavedAsset {
  const { lateBefore, next, seen, heldRun, uncovered, uncoveredAt, dirty, stepped, offset } = state
  return {
    watermark: state.watermark.save(),
    roles: state.roles.map((role) => ({
      tag: role.tagName,
      newest: role.newest,
      ...role.good.save(),
      bad: role.bad.save().time,
    })),
    ...(state.clock && { clock: state.clock.save().time }),
    closed: state.closed.save(),
    ...{ lateBefore, next, seen, heldRun, uncovered, uncoveredAt, dirty, stepped, offset },
  }
}

/** Puts back what `saveAsset` returned, but for the roles and the watermark. */
export function loadAsset(state: AssetState, saved: SavedAsset): void {
  const { lateBefore, next, seen, heldRun, uncovered, uncoveredAt, dirty, stepped = 0, offset = 0 } = saved
  Object.assign(state, { lateBefore, next, seen, heldRun, uncovered, uncoveredAt, dirty, stepped, offset })
  state.closed.load(saved.closed)
  if (saved.clock) state.clock?.load(saved.clock, [])
}

/** Sets `low` and `high` of every role to its samples in [start, before). True where there is any sample, good or bad. */
export function setRanges({ roles }: AssetState, start: number, before: number): boolean {
  let any = false
  for (const role of roles) {
    role.low = role.good.seek(start, role.low)
    role.high = role.good.seek(before, role.high)
    any ||= role.high > role.low || (role.bad.length > 0 && role.bad.find(start) < role.bad.find(before))
  }
  return any
}

/** Until when any role's value holds, as known just before `time`; -Infinity where none does. */
export function heldUntil({ roles }: AssetState, time: number, hold: number): number {
  let until = -Infinity
  for (const role of roles) {
    const since = role.heldAt(time)
    if (since > -Infinity) until = Math.max(until, since + (role.hold ?? hold))
  }
  return until
}

/** Time of the asset's first sample at or after `time`, Infinity where there is none. */
export function nextSample({ roles }: AssetState, time: number): number {
  let next = Infinity
  for (const role of roles) next = Math.min(next, role.next(time))
  return next
}

/** Time of the asset's newest sample. */
export function newestSample({ roles }: AssetState): number {
  let newest = -Infinity
  for (const role of roles) if (role.newest > newest) newest = role.newest
  return newest
}
