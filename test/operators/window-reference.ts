// Longer than others: the rules of windows a second time, for clearness and not for speed, in one readable piece.
/** A row, or where `role` is empty, time that passes. Rows with equal arrival and source may be one batch. */
export interface Row {
  source: string
  arrival: number
  asset: string
  role: string
  time: number
  value: number
  bad: boolean
}

export interface Settings {
  window: string | { session: string; longest: string }
  every?: string
  lateness: string
  idle: string
  revise: string
  future: string
  hold?: string
}

/** One emitted window in plain values. */
export interface Plain {
  asset: string
  start: number
  end: number
  coverage: number
  revision: number
  series: Record<string, [number, number][]>
}

type Sample = { value: number; bad: boolean }
interface Closed {
  end: number
  start: number
  revision: number
  coverage: number
  text: string
  dirty: boolean
}
interface RefAsset {
  name: string
  roles: Map<string, Map<number, Sample>>
  sources: Map<string, { newest: number; arrival: number; idle: boolean }>
  clock: Set<number>
  watermark: number
  opened: boolean
  silent: boolean
  next: number
  lateBefore: number
  seen: number
  run: number
  uncovered: boolean
  uncoveredAt: number
  closed: Closed[]
}

const ms = (text: string) => parseInt(text, 10) * (text.endsWith('ms') ? 1 : NaN)

/** The rules of windows, written for clearness: keeps everything and computes all anew. */
export class Reference {
  readonly out: Plain[] = []
  readonly #assets = new Map<string, RefAsset>()
  readonly #s: Settings
  readonly #kind: 'time' | 'count' | 'session'
  readonly #length: number
  readonly #step: number
  #arrival = -Infinity

  constructor(settings: Settings) {
    this.#s = settings
    const { window, every } = settings
    this.#kind = typeof window === 'object' ? 'session' : window.includes('sample') ? 'count' : 'time'
    this.#length = parseInt(typeof window === 'object' ? window.longest : window, 10)
    this.#step = every === undefined ? this.#length : parseInt(every, 10)
  }

  run(rows: readonly Row[]): Plain[] {
    for (const row of rows) {
      this.#passTime(row.arrival)
      if (row.role !== '') this.#take(row)
    }
    this.#reviseAll()
    for (const asset of this.#assets.values()) if (asset.opened) this.#closeAll(asset)
    return this.out
  }

  get #revise() {
    return ms(this.#s.revise)
  }

  #hold(role: string, length: number): number {
    if (role === 'change') return Infinity
    if (this.#s.hold !== undefined) return ms(this.#s.hold)
    if (this.#kind === 'count') return length + 0.5 // Its last time is inside.
    return typeof this.#s.window === 'object' ? ms(this.#s.window.session) : length
  }

  #passTime(arrival: number): void {
    if (arrival !== this.#arrival) this.#reviseAll()
    this.#arrival = arrival
    for (const asset of this.#assets.values()) {
      const idle = [...asset.sources.values()].filter((one) => !one.idle && arrival - one.arrival > ms(this.#s.idle))
      for (const entry of idle) entry.idle = true
      const was = asset.silent
      asset.silent = asset.sources.size > 0 && [...asset.sources.values()].every(({ idle }) => idle)
      const rose = idle.length > 0 && this.#raise(asset)
      if (!asset.opened) continue
      if (rose) this.#close(asset, asset.watermark)
      if (!asset.silent) continue
      if (!was) {
        this.#closeAll(asset)
        asset.uncoveredAt = this.#uncoveredAt(asset)
      }
      if (arrival > asset.uncoveredAt) {
        this.#close(asset, this.#uncoveredEnd(asset))
        asset.uncoveredAt = Infinity
      }
    }
  }

  #raise(asset: RefAsset): boolean {
    const all = [...asset.sources.values()]
    const newest = Math.max(...all.map((entry) => entry.newest))
    const trail = ms(this.#s.future) + Math.max(ms(this.#s.idle), this.#revise)
    const waited = all.filter((entry) => !entry.idle && entry.newest >= newest - trail)
    if (waited.length === 0) return false
    const was = asset.watermark
    asset.watermark = Math.max(asset.watermark, Math.min(...waited.map((entry) => entry.newest)) - ms(this.#s.lateness))
    return asset.watermark > was
  }

  #asset(name: string): RefAsset {
    let asset = this.#assets.get(name)
    if (!asset) {
      asset = {
        ...{ name, roles: new Map(), sources: new Map(), clock: new Set(), closed: [] },
        ...{ watermark: -Infinity, opened: false, silent: false, next: NaN, lateBefore: -Infinity, seen: 0 },
        ...{ run: 0, uncovered: true, uncoveredAt: Infinity },
      }
      this.#assets.set(name, asset)
    }
    return asset
  }

  #take({ source, arrival, asset: name, role, time, value, bad }: Row): void {
    const asset = this.#asset(name)
    const future = ms(this.#s.future)
    const samples = asset.roles.get(role) ?? new Map<number, Sample>()
    asset.roles.set(role, samples)
    const far = time > arrival + 2 * future + Math.max(ms(this.#s.idle), this.#revise)
    if (far && !asset.opened) return
    const first = samples.size === 0
    const anchor = first && role === 'change' && !far
    if (!far) this.#put(asset, role, samples, time, { value, bad }, anchor)
    const entry = asset.sources.get(source) ?? { newest: -Infinity, arrival, idle: false }
    asset.sources.set(source, entry)
    entry.arrival = arrival
    entry.idle = asset.silent = false
    if (anchor) return
    const limited = time > arrival + future ? arrival : time
    if (limited <= entry.newest) return
    entry.newest = limited
    if (!this.#raise(asset)) return
    if (!asset.opened) {
      asset.opened = true
      asset.next = Math.floor(asset.watermark / this.#step) * this.#step + this.#step
      if (this.#kind === 'time') asset.lateBefore = asset.next - this.#step
    }
    this.#close(asset, asset.watermark)
  }

  #put(asset: RefAsset, role: string, samples: Map<number, Sample>, time: number, now: Sample, anchor: boolean): void {
    const late = asset.opened && this.#isLate(asset, time)
    const horizon = this.#horizon(asset)
    if (late && time < horizon && [...samples.keys()].some((other) => other > time && other < horizon)) return
    const was = samples.get(time)
    if (was && was.bad === now.bad && (now.bad || was.value === now.value)) return
    const clockBefore = [...asset.clock]
    const before = late ? asset.closed.map((one) => this.#roleText(asset, role, one)) : []
    samples.set(time, now)
    if (!anchor && !(late && clockBefore.every((other) => other > time))) asset.clock.add(time)
    if (!late) return
    if (this.#kind === 'time') {
      for (
        let end = Math.floor(time / this.#step) * this.#step + this.#step;
        end <= asset.lateBefore;
        end += this.#step
      ) {
        if (end - this.#length > time || end < asset.watermark - this.#revise) continue
        if (asset.closed.some((one) => one.end === end)) continue
        asset.closed.push({
          end,
          start: end - this.#length,
          revision: 0,
          coverage: 0,
          text: '',
          dirty: true,
        })
        before.push('never shown')
      }
    }
    asset.closed.forEach((one, index) => {
      if (one.end < asset.watermark - this.#revise && !one.dirty) return
      one.start = this.#startOf(asset, one)
      if (this.#roleText(asset, role, one) !== before[index] || this.#within(time, one.start, one.end)) one.dirty = true
    })
    asset.closed.sort((a, b) => a.end - b.end)
  }

  #isLate(asset: RefAsset, time: number): boolean {
    return this.#kind === 'count' ? time <= asset.lateBefore : time < asset.lateBefore
  }

  #horizon(asset: RefAsset): number {
    const times = [...asset.clock].sort((a, b) => a - b)
    const open = times.filter((time) => !this.#isLate(asset, time))
    const revisable = asset.watermark - this.#revise
    if (this.#kind === 'time') return revisable - this.#length
    if (this.#kind === 'session') return Math.min(revisable - this.#length, ...open)
    const row = times.filter((time) => time < revisable && !open.includes(time)).length - this.#length
    return row < 0 ? -Infinity : times[row]
  }

  #startOf(asset: RefAsset, one: { start: number; end: number }): number {
    if (this.#kind !== 'count') return one.start
    const times = [...asset.clock].filter((time) => time <= one.end).sort((a, b) => a - b)
    return times[Math.max(0, times.length - this.#length)]
  }

  #reviseAll(): void {
    for (const asset of this.#assets.values()) {
      for (const one of asset.closed) {
        if (!one.dirty) continue
        one.dirty = false
        const text = this.#text(asset, one)
        if (one.revision > 0 && text === one.text) continue
        one.revision++
        one.text = text
        this.#show(asset, one)
      }
    }
  }

  #emit(asset: RefAsset, start: number, end: number): void {
    const one: Closed = { start, end, revision: 1, coverage: 0, text: '', dirty: false }
    one.text = this.#text(asset, one)
    asset.closed.push(one)
    this.#show(asset, one)
  }

  #show(asset: RefAsset, { start, end, revision }: Closed): void {
    const { coverage, series } = this.#content(asset, start, end)
    this.out.push({ asset: asset.name, start, end, coverage, revision, series })
  }

  #text(asset: RefAsset, { start, end }: { start: number; end: number }): string {
    return JSON.stringify([start, this.#content(asset, start, end)])
  }

  #roleText(asset: RefAsset, role: string, { start, end }: { start: number; end: number }): string {
    const samples = asset.roles.get(role)!
    const alone = { ...asset, roles: new Map([[role, samples]]) }
    const since = this.#covers(samples, start, this.#hold(role, end - start)) ? this.#last(samples, start) : null
    return JSON.stringify([start, since, this.#content(alone, start, end)])
  }

  #within(time: number, start: number, end: number): boolean {
    return time >= start && (this.#kind === 'count' ? time <= end : time < end)
  }

  #content(asset: RefAsset, start: number, end: number) {
    const series: Record<string, [number, number][]> = {}
    // Of each signal: late data that change one's coverage change the window, be another's the least.
    const covered: number[] = []
    let coverage = 1
    for (const [role, samples] of [...asset.roles].sort()) {
      if (samples.size === 0) {
        coverage = 0
        covered.push(0)
        continue
      }
      const hold = this.#hold(role, end - start)
      const list = [...samples]
        .filter(([time, { bad }]) => !bad && this.#within(time, start, end))
        .map(([time, { value }]): [number, number] => [time, value])
        .sort((a, b) => a[0] - b[0])
      if (list.length === 0 && this.#covers(samples, start, hold))
        list.push([start, samples.get(this.#last(samples, start))!.value])
      if (list.length > 0) series[role] = list
      const own = this.#coverage(asset, samples, start, end, hold)
      covered.push(own)
      coverage = Math.min(coverage, own)
    }
    return { coverage, covered: covered.reduce((sum, own) => sum + own, 0), series }
  }

  #last(samples: Map<number, Sample>, at: number): number {
    return Math.max(...[...samples.keys()].filter((time) => time <= at))
  }

  #covers(samples: Map<number, Sample>, at: number, hold: number): boolean {
    const last = this.#last(samples, at)
    return last > -Infinity && !samples.get(last)!.bad && (at === last || at - last < hold)
  }

  #coverage(asset: RefAsset, samples: Map<number, Sample>, start: number, end: number, hold: number): number {
    if (this.#kind === 'count') {
      const times = [...asset.clock].filter((time) => time >= start && time <= end)
      return times.filter((time) => this.#covers(samples, time, hold)).length / times.length
    }
    // Times are whole: a value known at the beginning of a ms is so during all of it.
    let uncovered = 0
    for (let at = start; at < end; at++) if (!this.#covers(samples, at, hold)) uncovered++
    return 1 - uncovered / (end - start)
  }

  #heldUntil(asset: RefAsset, time: number): number {
    const ends = [...asset.roles].map(([role, samples]) => {
      const last = this.#last(samples, time - 1)
      return last > -Infinity && !samples.get(last)!.bad ? last + this.#hold(role, this.#length) : -Infinity
    })
    return Math.max(-Infinity, ...ends)
  }

  #times(asset: RefAsset): number[] {
    return [...asset.roles.values()].flatMap((samples) => [...samples.keys()])
  }

  #close(asset: RefAsset, limit: number): void {
    if (this.#kind === 'count') this.#closeCounts(asset, limit)
    else if (this.#kind === 'session') this.#closeSessions(asset, limit)
    else this.#closeTimes(asset, limit)
  }

  #closeTimes(asset: RefAsset, limit: number): void {
    const times = this.#times(asset)
    for (; asset.next <= limit; asset.next += this.#step) {
      const end = asset.next
      const start = end - this.#length
      const held = this.#heldUntil(asset, end) > start
      if (times.some((time) => time >= start && time < end)) {
        asset.run = 0
        asset.uncovered = false
      } else if (held) {
        if (asset.run >= 60) continue
        asset.run++
      } else {
        if (asset.uncovered) continue
        asset.uncovered = true
      }
      this.#emit(asset, start, end)
    }
    asset.lateBefore = asset.next - this.#step
  }

  #closeCounts(asset: RefAsset, limit: number): void {
    const open = [...asset.clock].filter((time) => time > asset.lateBefore && time < limit).sort((a, b) => a - b)
    for (const end of open) {
      asset.lateBefore = end
      asset.seen++
      if (asset.seen < this.#length || (asset.seen - this.#length) % this.#step !== 0) continue
      this.#emit(asset, this.#startOf(asset, { start: NaN, end }), end)
    }
  }

  #closeSessions(asset: RefAsset, limit: number): void {
    const gap = ms((this.#s.window as { session: string }).session)
    for (;;) {
      const open = [...asset.clock].filter((time) => time >= asset.lateBefore).sort((a, b) => a - b)
      if (open.length === 0) return
      let last = open[0]
      for (const time of open) if (time - last < gap && time < open[0] + this.#length) last = time
      const end = Math.min(last + gap, open[0] + this.#length)
      if (end > limit) return
      asset.lateBefore = end
      this.#emit(asset, open[0], end)
    }
  }

  #closeAll(asset: RefAsset): void {
    const newest = Math.max(...this.#times(asset))
    if (this.#kind !== 'time') this.#close(asset, Infinity)
    else this.#close(asset, Math.floor((newest + this.#length) / this.#step) * this.#step)
  }

  #uncoveredEnd(asset: RefAsset): number {
    return Math.max(asset.next, Math.ceil((this.#heldUntil(asset, Infinity) + this.#length) / this.#step) * this.#step)
  }

  #uncoveredAt(asset: RefAsset): number {
    if (this.#kind !== 'time' || asset.uncovered) return Infinity
    const all = [...asset.sources.values()]
    const newest = Math.max(...all.map((entry) => entry.newest))
    const arrival = Math.max(...all.map((entry) => entry.arrival))
    return arrival + this.#uncoveredEnd(asset) - newest + ms(this.#s.lateness)
  }
}
