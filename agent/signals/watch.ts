import {
  type AssetClass,
  type ConditionEvent,
  type TagTable,
  type Window,
  type WindowBatch,
  globPattern,
} from '../core/index.ts'
import type { StatedNatures } from './nature.ts'

/** Windows of a signal that have to be known before it can be missed. */
const leastKnown = 100
/** It is told after so many windows, and so many times what was the longest so far. */
const patience = { windows: 3, times: 3, stuck: 10 }
/** A signal that stood still in a larger share of its windows before may do so again; one that goes one way only is a counter. */
const seldom = 0.02
const leastBack = 0.1
/** Share of a window that has to be beyond the range. */
const mostlyBeyond = 0.5

/** What may be wrong with a signal, and what it is like when it is right. Times are windows in a row. */
const troubles = ['lost', 'stuck', 'range'] as const
type Trouble = (typeof troubles)[number]

interface Course {
  /** Windows in which it was covered. */
  known: number
  /** End of the newest window, ms since epoch. */
  last: number
  /** The newest value. */
  held: number
  /** Windows in which it did not change, before those it stands still in now; and that ended below, and above, the one before. */
  still: number
  down: number
  up: number
  /** By trouble: how many windows in a row, since when, and the longest so far that was no alarm. */
  readonly run: Record<Trouble, number>
  readonly since: Record<Trouble, number>
  readonly longest: Record<Trouble, number>
  /** What the open alarm is of. */
  open?: Trouble
}

/** Saved as they are. */
type SavedCourses = [string, Course][]

/**
 * Watches the signals of a class of assets by their windows: one that is lost, bad, stuck or beyond its range for longer than
 * it ever was is an alarm of its own, once, with since when. By event time alone, so that a replay tells the same. A machine
 * of which nothing comes at all has no windows, and is told elsewhere.
 */
export class SignalWatch {
  readonly #assets: AssetClass
  readonly #tags: TagTable
  readonly #ignored: readonly ((role: string) => boolean)[]
  #courses = new Map<string, Course>()

  constructor(assets: AssetClass, tags: TagTable, stated: StatedNatures) {
    this.#assets = assets
    this.#tags = tags
    this.#ignored = Object.entries(stated).flatMap(([glob, nature]) => {
      const pattern = globPattern(glob)
      return nature === 'ignore' ? [(role: string) => pattern.test(role)] : []
    })
  }

  /** What begins or ends with these windows. */
  take(windows: WindowBatch): ConditionEvent[] {
    const events: ConditionEvent[] = []
    for (const window of windows) {
      if (window.revision > 1) continue
      for (let role = 0; role < window.covered.length; role++) {
        const tag = window.asset.tags[role]
        if (!(tag >= 0) || this.#tags.at(tag).type === 'text') continue
        const event = this.#look(window, role, tag)
        if (event) events.push(event)
      }
    }
    return events
  }

  save(): SavedCourses {
    return [...this.#courses].map(([key, course]) => [key, { ...course }])
  }

  load(saved: SavedCourses): void {
    this.#courses = new Map(saved)
  }

  #look(window: Window, role: number, tag: number): ConditionEvent | undefined {
    const name = this.#assets.roles[role]
    const key = `${window.asset.name}\n${name}`
    let course = this.#courses.get(key)
    if (!course) this.#courses.set(key, (course = begun()))
    if (window.end <= course.last || this.#ignored.some((ignores) => ignores(name))) return undefined
    course.last = window.end
    const { low, high, reporting } = this.#tags.at(tag)
    const { value } = window.series[role]
    const isLost = window.covered[role] === 0
    if (!isLost) course.known++
    count(course, 'lost', isLost, window.start)
    if (!isLost) {
      count(course, 'stuck', reporting !== 'change' && isHeld(value, course.held), window.start)
      const newest = value[value.length - 1]
      if (newest < course.held) course.down++
      if (newest > course.held) course.up++
      course.held = newest
      count(course, 'range', beyond(value, low, high) >= mostlyBeyond, window.start)
    }
    return this.#change(window, role, tag, course)
  }

  #change(window: Window, role: number, tag: number, course: Course): ConditionEvent | undefined {
    const { open } = course
    if (open !== undefined) {
      if (course.run[open] > 0) return undefined
      delete course.open
      return this.#event(window, role, course, open, 'ended', 'as usual again')
    }
    const moved = course.known - course.still - course.run.stuck
    const wanders = Math.min(course.up, course.down) >= leastBack * moved
    // At nothing at all a machine stands, more likely than its sensor fails.
    const mayStick = moved >= leastKnown && wanders && course.still <= seldom * moved && course.held !== 0
    const found = course.known >= leastKnown ? troubles.find((trouble) => course.run[trouble] >= limitOf(course, trouble) && (trouble !== 'stuck' || mayStick)) : undefined
    if (found === undefined) return undefined
    course.open = found
    return this.#event(window, role, course, found, 'begun', this.#words(window, role, tag, course, found))
  }

  #event(
    { asset, end }: Window,
    role: number,
    course: Course,
    trouble: Trouble,
    state: ConditionEvent['state'],
    detail: string,
  ): ConditionEvent {
    return {
      type: 'condition',
      time: end,
      monitor: `signal.${this.#assets.roles[role]}`,
      asset: asset.name,
      state,
      score: course.run[trouble],
      threshold: limitOf(course, trouble),
      detail,
    }
  }

  #words(window: Window, role: number, tag: number, course: Course, trouble: Trouble): string {
    const { name, low, high, unit, source } = this.#tags.at(tag)
    const since = new Date(course.since[trouble]).toISOString()
    const place = source === undefined ? '' : ` at ${source}`
    if (trouble === 'lost' && window.bad[role] === 1) return `${name} has had bad values only since ${since}: look at the sensor, and at its quality${place}`
    if (trouble === 'lost') return `nothing has come of ${name} since ${since}, while the machine goes on: look whether its topic, node or column is still there${place}`
    if (trouble === 'range') return `${name} has been beyond its range of ${low ?? '-∞'} to ${high ?? '∞'}${unit === undefined ? '' : ` ${unit}`} since ${since}`
    return `${name} has stood at ${course.held}${unit === undefined ? '' : ` ${unit}`} since ${since}, longer than ever: look at the sensor`
  }
} // prettier-ignore

function begun(): Course {
  const each = (value: number) => ({ lost: value, stuck: value, range: value })
  return {
    known: 0,
    last: -Infinity,
    held: NaN,
    still: 0,
    down: 0,
    up: 0,
    run: each(0),
    since: each(NaN),
    longest: each(0),
  }
}

/** Counts windows in a row; the longest run is one that was no alarm. */
function count(course: Course, trouble: Trouble, is: boolean, start: number): void {
  if (is) {
    if (course.run[trouble]++ === 0) course.since[trouble] = start
    return
  }
  const { run, longest } = course
  if (course.open !== trouble && run[trouble] > longest[trouble]) longest[trouble] = run[trouble]
  if (course.open !== trouble && trouble === 'stuck') course.still += run[trouble]
  run[trouble] = 0
}

function limitOf({ longest }: Course, trouble: Trouble): number {
  return Math.max(trouble === 'stuck' ? patience.stuck : patience.windows, patience.times * longest[trouble])
}

function isHeld(values: Float64Array, before: number): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== before) return false
  return true
}

/** Share of the values that are beyond the range. */
function beyond(values: Float64Array, low = -Infinity, high = Infinity): number {
  if (low === -Infinity && high === Infinity) return 0
  let count = 0
  for (let i = 0; i < values.length; i++) if (values[i] < low || values[i] > high) count++
  return count / values.length
}
