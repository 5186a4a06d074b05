import assert from 'node:assert/strict'
import { Subject } from 'rxjs'
import {
  AssetClass,
  BatchBuilder,
  Quality,
  TagTable,
  emptyBatch,
  type Batch,
  type Metrics,
} from '../../agent/core/index.ts'
import { createWindow, windowConfig } from '../../agent/operators/window.ts'

/** The part of the saved state that grows with samples. */
interface Kept {
  assets: {
    roles: { time: Float64Array; bad: Float64Array }[]
    clock?: Float64Array
    closed: { before: Float64Array }
  }[]
}

interface Emitted {
  text: string
  coverage: number
}

/** Times are seconds. A window reads `asset start-end r<revision> c<coverage> role:values ...`. */
export function harness(settings: object, change: readonly string[] = []) {
  const tags = new TagTable()
  const assets = new AssetClass('pump', 'plant/{asset}/{role}', tags)
  const counts: Record<string, number> = {}
  const metrics: Metrics = {
    count: (metric, amount) => void (counts[metric] = (counts[metric] ?? 0) + amount),
    gauge: () => undefined,
    observe: () => undefined,
  }
  const input = new Subject<Batch>()
  let out: Emitted[] = []
  let batches = 0
  let ended = false
  let save: () => unknown
  const keeper = { keep: (_key: string, state: { save(): unknown }) => (save = () => state.save()) }
  const context = { assets, tags, metrics, monitor: 'm', keeper }
  input.pipe(createWindow(windowConfig.parse(settings), context)).subscribe({
    next: (windows) => {
      batches++
      for (const { asset, start, end, revision, coverage, series } of windows) {
        const texts = series.map(({ value }, role) => ` ${assets.roles[role]}:${[...value].join(',')}`)
        const head = `${asset.name} ${start / 1000}-${end / 1000} r${revision} c${Math.round(coverage * 100)}`
        out.push({ text: head + texts.join(''), coverage })
      }
    },
    complete: () => (ended = true),
  })
  const take = (): string[] => {
    const texts = out.map(({ text }) => text.replace('plant/', ''))
    out = []
    return texts
  }
  return {
    counts,
    take,
    batches: () => batches,
    saved: () => save() as Kept,
    /** `p/x@12=3` is the value 3 of role x of asset p at 12 s; `!` after it: bad, `?`: uncertain. */
    push(arrival: number, rows: string, source = 's'): string[] {
      const builder = new BatchBuilder(source)
      for (const row of rows.split(' ').filter(Boolean)) {
        const [, name, time, value, mark] = /^(.+)@([-\d.]+)=([-\w.]+)([!?]?)$/.exec(row)!
        const reporting = change.includes(name) ? ('change' as const) : ('periodic' as const)
        const tag = tags.resolve({ name: `plant/${name}`, type: 'number', reporting })
        const quality = mark === '!' ? Quality.bad : mark === '?' ? Quality.uncertain : Quality.good
        builder.add(tag.index, Number(time) * 1000, Number(value), quality)
      }
      input.next(builder.take(arrival * 1000))
      return take()
    },
    text(arrival: number): string[] {
      const builder = new BatchBuilder('s')
      builder.addText(tags.resolve({ name: 'plant/p/label', type: 'text' }).index, arrival * 1000, 'on', Quality.good)
      input.next(builder.take(arrival * 1000))
      return take()
    },
    tick(arrival: number): string[] {
      input.next(emptyBatch('', arrival * 1000))
      return take()
    },
    /** The agent's clock was set forward by so many seconds. */
    clockSet(seconds: number, arrival = 0): string[] {
      input.next({ ...emptyBatch('', arrival * 1000), stepped: seconds * 1000 })
      return take()
    },
    complete(): string[] {
      input.complete()
      assert.ok(ended)
      return take()
    },
  }
}
