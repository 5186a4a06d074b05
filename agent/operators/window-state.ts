// Longer than others: taking, closing and revising windows share the columns of one asset, sample by sample.
import {
  type Asset,
  type AssetClass,
  type Batch,
  Quality,
  type Series,
  type TagTable,
  type Window,
  type WindowBatch,
} from '../core/index.ts'
import { Watermark, type WatermarkSettings } from './watermark.ts'
import { AssetState, RoleState, loadAsset, saveAsset, setRanges, type SavedAsset } from './window-asset.ts'
import { Dirty, markChanged } from './window-late.ts'
import { nextUp, type Column } from './window-column.ts'
import { coverageOf, noSamples, seriesOf } from './window-content.ts'
import type { WindowKind } from './window-kind.ts'

/** What the windows of a monitor are made by; all in ms. */
export interface WindowPlan {
  readonly kind: WindowKind
  readonly watermark: WatermarkSettings
  /** How long a value holds; undefined: as long as the window is. */
  readonly hold: number | undefined
  /** How long after it closed a window may still change. */
  readonly revise: number
  /** Differs where a saved state does not fit. */
  readonly shape: string
}

/** The state of all windows of a monitor, as it is saved. */
export interface SavedWindows {
  readonly shape: string
  readonly arrival: number
  readonly sources: readonly string[]
  /** How far each source has come that is a file, by number. */
  readonly paces?: readonly number[]
  readonly assets: readonly SavedAsset[]
}

/**
 * Cuts batches into windows, row by row: what closes depends on the rows alone and not on where one batch ends and the
 * next begins. Windows that late rows changed are emitted again when the next batch of another arrival comes.
 *
 * Holds, for every role, the samples from the oldest window that may still change on, at most twice over: about
 * 16 to 32 bytes for each sample of window + lateness + revise, and of what is ahead by up to `future` and a source's lag.
 */
export class WindowState {
  readonly #plan: WindowPlan
  readonly #assets: AssetClass
  readonly #tags: TagTable
  readonly #states: AssetState[] = []
  /** By tag; null where the tag is in no window. */
  readonly #routes: (RoleState | null | undefined)[] = []
  readonly #sources: string[] = []
  #arrival = -Infinity
  /** No source becomes idle, and no window of a silent asset is due, up to this arrival; of files by number. */
  #nextIdle = -Infinity
  readonly #nextIdleOf: number[] = []
  /** Newest time so far of each source that is a file, by number: it is their clock. */
  readonly #paces: number[] = []
  /** Counts the calls that hand out views. */
  #serial = 0
  #out: Window[] = []
  /** Any asset has changed windows. */
  #dirty = true
  #late = 0
  #future = 0

  constructor(plan: WindowPlan, assets: AssetClass, tags: TagTable) {
    this.#plan = plan
    this.#assets = assets
    this.#tags = tags
  }

  /** The windows that a batch closes or revises. */
  push(batch: Batch): WindowBatch {
    this.#serial++
    if (batch.paced) {
      this.#takePaced(batch)
      // In the order of the rows: how many of them are one batch makes no difference.
      return this.#out.splice(0)
    }
    if (batch.stepped !== undefined) this.#clockSet(batch.stepped)
    else this.#passTime(batch.arrival, undefined)
    if (batch.length > 0) this.#take(batch, 0, batch.length, batch.arrival)
    return this.#emitted()
  }

  /** Closes every window that holds a sample: there will be no more. */
  complete(): WindowBatch {
    this.#serial++
    this.#reviseAll()
    for (const state of this.#states) if (state.opened) this.#plan.kind.closeAll(state, this.#emit)
    return this.#emitted()
  }

  /** Samples since the last call that came after the end of a window, and samples too far in the future. */
  takeCounts(): { readonly late: number; readonly future: number } {
    const counts = { late: this.#late, future: this.#future }
    this.#late = this.#future = 0
    return counts
  }

  save(): SavedWindows {
    const { shape } = this.#plan
    const sources = [...this.#sources]
    return { shape, arrival: this.#arrival, sources, paces: [...this.#paces], assets: this.#states.map(saveAsset) }
  }

  /** Takes up a saved state; one of other settings is left aside. */
  load(saved: SavedWindows): void {
    if (saved.shape !== this.#plan.shape) return
    this.#arrival = saved.arrival
    const renumber = (source: number) => this.#sourceNumber(saved.sources[source])
    saved.paces?.forEach((pace, source) => (this.#paces[renumber(source)] = pace))
    for (const one of saved.assets) {
      for (const { tag, newest, time, value, bad } of one.roles) {
        const index = this.#tags.find(tag)?.index
        const role = index === undefined ? null : this.#route(index)
        if (!role) continue
        role.newest = newest
        role.good.load(time, value)
        role.bad.load(bad, [])
        if (role.state.roles.length > 1) continue
        role.state.watermark.load(one.watermark, renumber)
        loadAsset(role.state, one)
      }
    }
  }

  /** Rows of a file, one time after the other: time passes with them, on the clock of that file. */
  #takePaced(batch: Batch): void {
    const { time, length, source, arrival } = batch
    const number = this.#sourceNumber(source)
    let pace = this.#paces[number] ?? -Infinity
    if (length === 0) pace = Math.max(pace, arrival)
    for (let row = 0; row < length;) {
      if (time[row] > pace) pace = time[row]
      let to = row + 1
      while (to < length && !(time[to] > pace)) to++
      this.#passTime(pace, number)
      this.#take(batch, row, to, pace)
      row = to
    }
    if (length === 0) this.#passTime(pace, number)
    this.#paces[number] = pace
  }

  #take({ tag, time, value, quality, source, paced = false }: Batch, from: number, to: number, arrival: number): void {
    const number = this.#sourceNumber(source)
    const { kind, watermark } = this.#plan
    for (let row = from; row < to; row++) {
      let role: RoleState | null | undefined = this.#routes[tag[row]]
      if (role === undefined) role = this.#route(tag[row])
      if (role === null) continue
      const at = time[row]
      if (role.state.stepped !== 0) role = this.#afterStep(role, at, number, arrival)
      const { state } = role
      const now = arrival + state.offset
      const x = value[row]
      if (
        at > role.newest &&
        at >= state.lateBefore &&
        at <= now + watermark.future &&
        quality[row] !== Quality.bad &&
        x - x === 0
      ) {
        if (role.good.full) this.#makeRoom(role, role.good)
        role.good.append(at, x)
        role.newest = at
        if (state.clock !== undefined && at !== state.clock.last) this.#noteTime(state, at)
      } else if (
        !this.#takeSlowly(role, at, quality[row] === Quality.bad || x - x !== 0 ? NaN : x, number, now, paced)
      ) {
        continue
      }
      if (state.watermark.advance(number, at, now, paced)) {
        if (!state.opened) kind.open(state)
        kind.close(state, state.watermark.value, this.#emit)
      }
    }
    if (paced) this.#nextIdleOf[number] = Math.min(this.#nextIdleOf[number] ?? -Infinity, arrival + watermark.idle)
    else this.#nextIdle = Math.min(this.#nextIdle, arrival + watermark.idle)
  }

  /** The agent's clock was set: an asset keeps counting as if it had not been, until its samples show that they went with it. */
  #clockSet(step: number): void {
    this.#nextIdle = -Infinity
    for (const state of this.#states) {
      state.offset -= step
      state.stepped += step
    }
  }

  /**
   * The first sample of an asset after the agent's clock was set. Where it fits the new clock, that counts. Where samples
   * went with the clock, stamped by it, nothing holds over a step forward, as nobody knows how long that took; after a step
   * back all begins anew, since its windows were seen already.
   */
  #afterStep(role: RoleState, time: number, source: number, arrival: number): RoleState {
    const { state } = role
    const { stepped, offset, watermark } = state
    const near = Math.abs(stepped) / 2
    state.stepped = 0
    if (Math.abs(time - arrival) >= near) return role
    const before = watermark.arrivalOf(source) - offset - stepped
    watermark.step(-offset)
    state.uncoveredAt -= offset
    state.offset = 0
    if (Math.abs(role.newest - before) >= near) return role
    if (stepped > 0) {
      for (const one of state.roles) if (one.newest < time) this.#store(one, nextUp(one.newest), NaN, false, true)
      return role
    }
    this.#plan.kind.closeAll(state, this.#emit)
    this.#states.splice(this.#states.indexOf(state), 1)
    for (const { tag } of state.roles) this.#routes[tag] = undefined
    return this.#route(role.tag)!
  }

  /** A row that is not simply the next good one of its role; a bad one has the value NaN. False where event time stays. */
  #takeSlowly(role: RoleState, time: number, value: number, source: number, arrival: number, paced: boolean): boolean {
    if (!Number.isFinite(time)) return false
    const { state } = role
    const { future, trail } = this.#plan.watermark
    if (time > arrival + future + trail) {
      this.#future++
      return state.opened
    }
    const first = Number.isNaN(role.newest)
    const late = time < state.lateBefore
    if (late && this.#isGone(role, time)) this.#late++
    else this.#store(role, time, value, late, first && role.onChange)
    if (!first || !role.onChange) return true
    // What a tag that reports by change tells first is what it has been since whenever: it holds, but opens no window.
    state.watermark.touch(source, arrival, paced)
    return false
  }

  /** Whether no window that may still change can need a sample of that time. */
  #isGone(role: RoleState, time: number): boolean {
    const horizon = this.#plan.kind.horizon(role.state)
    return time < horizon && role.next(nextUp(time)) < horizon
  }

  #store(role: RoleState, time: number, value: number, late: boolean, heldOnly: boolean): void {
    const { state, good, bad } = role
    const row = good.find(time)
    const badRow = bad.find(time)
    const isBad = Number.isNaN(value)
    const since = isBad && !good.isAt(row, time) ? (row > good.head ? good.time[row - 1] : -Infinity) : time
    if (isBad ? bad.isAt(badRow, time) : good.isAt(row, time) && good.value[row] === value) return
    if (isBad) {
      if (good.isAt(row, time)) good.remove(row, this.#serial)
      this.#insert(role, bad, time, 0)
    } else {
      if (bad.isAt(badRow, time)) bad.remove(badRow, this.#serial)
      if (good.isAt(row, time)) good.replace(row, value, this.#serial)
      else this.#insert(role, good, time, value)
    }
    if (!(time <= role.newest)) role.newest = time
    if (state.clock && !heldOnly) this.#noteTime(state, time)
    if (!late) return
    this.#late++
    role.edition++
    if (!state.clock) this.#plan.kind.disturb(state, time)
    const expired = state.watermark.value - this.#plan.revise
    if (markChanged(role, time, since, !isBad || since === time, expired)) this.#dirty = state.dirty = true
  }

  #insert(role: RoleState, column: Column, time: number, value: number): void {
    if (column.full) this.#makeRoom(role, column)
    column.insert(column.find(time), time, value, this.#serial)
  }

  /** Adds an event time of the asset, where it is a new one. */
  #noteTime(state: AssetState, time: number): void {
    const clock = state.clock!
    if (clock.full) {
      const row = state.dirty ? clock.head : clock.find(this.#plan.kind.horizon(state))
      state.clockRow -= clock.makeRoom(row, this.#serial)
    }
    if (time > clock.last) {
      clock.append(time, 0)
      return
    }
    const row = clock.find(time)
    if (clock.isAt(row, time) || (time < state.lateBefore && row === clock.head)) return
    clock.insert(row, time, 0, this.#serial)
    this.#plan.kind.disturb(state, time)
  }

  /** Emits changed windows, and closes what ends because sources are silent: on the clock of `file`, or of the agent. */
  #passTime(arrival: number, file: number | undefined): void {
    if (arrival !== this.#arrival) this.#reviseAll()
    this.#arrival = arrival
    if (arrival <= (file === undefined ? this.#nextIdle : (this.#nextIdleOf[file] ?? -Infinity))) return
    const { kind } = this.#plan
    let next = Infinity
    for (const state of this.#states) {
      const { watermark } = state
      if (!watermark.follows(file)) continue
      const wasSilent = watermark.silent
      const now = file === undefined ? arrival + state.offset : arrival
      if (watermark.expire(now, file) && state.opened) kind.close(state, watermark.value, this.#emit)
      if (watermark.silent && state.opened) {
        if (!wasSilent) {
          kind.closeAll(state, this.#emit)
          state.uncoveredAt = kind.uncoveredAt(state)
        }
        if (now > state.uncoveredAt) {
          kind.closeUncovered(state, this.#emit)
          state.uncoveredAt = Infinity
        }
        next = Math.min(next, arrival + state.uncoveredAt - now)
      }
      next = Math.min(next, arrival + watermark.nextIdle(file) - now)
    }
    if (file === undefined) this.#nextIdle = next
    else this.#nextIdleOf[file] = next
  }

  #reviseAll(): void {
    if (!this.#dirty) return
    this.#dirty = false
    for (const state of this.#states) {
      if (!state.dirty) continue
      state.dirty = false
      const { closed } = state
      for (let row = closed.head; row < closed.tail; row++) {
        if (closed.dirty[row] > 0) this.#revise(state, row)
      }
    }
  }

  #revise(state: AssetState, row: number): void {
    const { closed, clock } = state
    const start = closed.start[row]
    const before = closed.before[row]
    const end = clock && this.#plan.kind.endsWithSample ? clock.time[clock.find(before) - 1] : before
    setRanges(state, start, before)
    const window = this.#window(state, start, before, end, Math.min(closed.revision[row] + 1, 0xffff))
    const covered = sumOf(window.covered)
    const changed = window.revision === 1 || closed.dirty[row] === Dirty.samples || covered !== closed.covered[row]
    closed.dirty[row] = 0
    if (!changed) return
    closed.revision[row] = window.revision
    closed.covered[row] = covered
    this.#out.push(window)
  }

  readonly #emit = (state: AssetState, start: number, before: number, end: number): void => {
    const window = this.#window(state, start, before, end, 1)
    state.closed.push(start, before, sumOf(window.covered), state.watermark.value - this.#plan.revise)
    this.#out.push(window)
  }

  /** A window over what `setRanges` found. */
  #window(state: AssetState, start: number, before: number, end: number, revision: number): Window {
    const { kind } = this.#plan
    const series = new Array<Series>(this.#assets.roles.length).fill(noSamples)
    const covered = new Float64Array(series.length)
    const bad = new Uint8Array(series.length)
    let coverage = 1
    for (const role of state.roles) {
      series[role.role] = seriesOf(role, start, before, this.#serial)
      const own = coverageOf(role, kind.endsWithSample, start, before)
      covered[role.role] = own
      if (own < 1 && role.bad.length > 0 && role.bad.last >= start) bad[role.role] = 1
      if (own < coverage) coverage = own
    }
    return { asset: state.asset, start, end, step: kind.step, coverage, covered, bad, revision, series }
  }

  /** Gives up samples that no window needs any more, but for the last before them, whose value may hold. */
  #makeRoom(role: RoleState, column: Column): void {
    const { state } = role
    const keep = state.opened && !state.dirty ? column.find(this.#plan.kind.horizon(state)) - 1 : column.head
    const moved = column.makeRoom(keep, this.#serial)
    if (column !== role.good) return
    role.low -= moved
    role.high -= moved
  }

  #route(tag: number): RoleState | null {
    const definition = this.#tags.at(tag)
    const place = definition.type === 'text' ? null : this.#assets.locate(tag)
    if (!place) return (this.#routes[tag] = null)
    const state = this.#state(place.asset)
    const role = new RoleState(state, place.role, definition, this.#plan.hold)
    state.roles.push(role)
    return (this.#routes[tag] = role)
  }

  #state(asset: Asset): AssetState {
    let state = this.#states.find((known) => known.asset === asset)
    if (!state) {
      state = new AssetState(asset, new Watermark(this.#plan.watermark), this.#plan.kind.counting)
      this.#states.push(state)
    }
    return state
  }

  #sourceNumber(source: string): number {
    const known = this.#sources.lastIndexOf(source)
    return known >= 0 ? known : this.#sources.push(source) - 1
  }

  #emitted(): WindowBatch {
    const out = this.#out
    this.#out = []
    return out.sort(byEndAndAsset)
  }
}

function byEndAndAsset(a: Window, b: Window): number {
  return a.end - b.end || (a.asset.name < b.asset.name ? -1 : a.asset.name > b.asset.name ? 1 : 0)
}

function sumOf(values: Float64Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum
}
