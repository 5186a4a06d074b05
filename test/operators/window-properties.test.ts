import assert from 'node:assert/strict'
import { decode, encode } from 'cbor-x'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import {
  AssetClass,
  BatchBuilder,
  Quality,
  TagTable,
  emptyBatch,
  silentMetrics,
  type Batch,
} from '../../agent/core/index.ts'
import { createWindow, windowConfig } from '../../agent/operators/window.ts'
import { Reference, type Plain, type Row, type Settings } from './window-reference.ts'

const roles = ['a', 'b', 'change']
const assetNames = ['p1', 'p2']

function plainOf(windows: readonly Plain[]): string[] {
  return windows.map((window) => JSON.stringify({ ...window, coverage: Math.round(window.coverage * 1e9) / 1e9 }))
}

/** Sorted per asset in order of emission: between assets the order depends on what was one batch. */
function byAsset(windows: readonly Plain[]): Record<string, string[]> {
  return Object.fromEntries(assetNames.map((name) => [name, plainOf(windows.filter(({ asset }) => asset === name))]))
}

/** Without the revisions that show what was shown before: a value that holds, say, was replaced by an equal one. */
function withoutRepeats(windows: readonly Plain[]): Plain[] {
  const shown = new Map<string, { content: string; revision: number }>()
  return windows.flatMap((window) => {
    const key = `${window.asset} ${window.end}`
    const content = JSON.stringify({ ...window, revision: 0 })
    const before = shown.get(key)
    if (before?.content === content) return []
    const revision = (before?.revision ?? 0) + 1
    shown.set(key, { content, revision })
    return [{ ...window, revision }]
  })
}

// ---------------------------------------------------------------- the operator

/** Runs the operator over rows cut into batches of at most `chunk`, saved and loaded anew before the batches in `restarts`. */
function runOperator(settings: Settings, rows: readonly Row[], chunk: number, restarts: readonly number[]): Plain[] {
  const out: Plain[] = []
  const tags = new TagTable()
  for (const asset of assetNames)
    for (const role of roles) {
      const reporting = role === 'change' ? ('change' as const) : ('periodic' as const)
      tags.resolve({ name: `${asset}/${role}`, type: 'number', reporting })
    }
  let saved: unknown
  const start = () => {
    const assets = new AssetClass('pump', '{asset}/{role}', tags)
    let kept: { save(): unknown; load(saved: never): void }
    const keeper = {
      keep: (_key: string, state: { save(): unknown; load(saved: never): void }) => {
        kept = state
        if (saved !== undefined) state.load(saved as never)
      },
    }
    const input = new Subject<Batch>()
    input
      .pipe(createWindow(windowConfig.parse(settings), { assets, tags, keeper, metrics: silentMetrics, monitor: 'm' }))
      .subscribe((windows) => {
        for (const { asset, start, end, coverage, revision, series } of windows) {
          const pairs = series.map(({ time, value }, role) => [
            assets.roles[role],
            [...time].map((at, row) => [at, value[row]]),
          ])
          const known = (pairs as [string, [number, number][]][]).filter(([, list]) => list.length > 0).sort()
          out.push({ asset: asset.name, start, end, coverage, revision, series: Object.fromEntries(known) })
        }
      })
    return { input, save: () => decode(encode(kept.save())) as unknown }
  }
  let run = start()
  batchesOf(rows, chunk, tags).forEach((batch, index) => {
    if (restarts.includes(index)) {
      saved = run.save()
      run = start()
    }
    run.input.next(batch)
  })
  run.input.complete()
  return out
}

function batchesOf(rows: readonly Row[], chunk: number, tags: TagTable): Batch[] {
  const batches: Batch[] = []
  for (let from = 0; from < rows.length;) {
    const { source, arrival, role } = rows[from]
    let to = from + 1
    if (role === '') batches.push(emptyBatch(source, arrival))
    else {
      const same = (row: Row) => row.role !== '' && row.source === source && row.arrival === arrival
      while (to < rows.length && to - from < chunk && same(rows[to])) to++
      const builder = new BatchBuilder(source)
      for (const row of rows.slice(from, to))
        builder.add(
          tags.find(`${row.asset}/${row.role}`)!.index,
          row.time,
          row.value,
          row.bad ? Quality.bad : row.value % 2 ? Quality.uncertain : Quality.good,
        )
      batches.push(builder.take(arrival))
    }
    from = to
  }
  return batches
}

// ---------------------------------------------------------------- the rows

const base = 1_700_000_000_000

const rowsArbitrary = fc
  .array(
    fc.record({
      wait: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: fc.nat(4) }, fc.nat(60)),
      source: fc.constantFrom('s1', 's1', 's1', 's2'),
      asset: fc.constantFrom(...assetNames),
      role: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...roles) }, { weight: 1, arbitrary: fc.constant('') }),
      lag: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -1, max: 2 }) },
        { weight: 2, arbitrary: fc.integer({ min: -20, max: 40 }) },
        { weight: 1, arbitrary: fc.integer({ min: -120, max: 200 }) },
      ),
      value: fc.nat(5),
      bad: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
    }),
    { minLength: 1, maxLength: 90 },
  )
  .map((list) => {
    let arrival = base
    return list.map(({ wait, lag, ...row }): Row => ({ ...row, arrival: (arrival += wait), time: arrival - lag }))
  })

const common = {
  lateness: fc.constantFrom('0ms', '3ms'),
  idle: fc.constantFrom('8ms', '30ms'),
  revise: fc.constantFrom('0ms', '12ms', '60ms'),
  future: fc.constantFrom('2ms', '10ms'),
  hold: fc.constantFrom(undefined, '4ms', '25ms'),
}

const settingsArbitrary: fc.Arbitrary<Settings> = fc.oneof(
  fc.record({ window: fc.constant('10ms'), every: fc.constantFrom(undefined, '5ms', '3ms', '1ms'), ...common }),
  fc.record({
    window: fc.constantFrom('3 samples', '5 samples'),
    every: fc.constantFrom(undefined, '1 sample', '2 samples'),
    ...common,
  }),
  fc.record({ window: fc.constant({ session: '6ms', longest: '20ms' }), ...common }),
)

const runs = { numRuns: Number(process.env.WINDOW_RUNS ?? 300) }

describe('windows, compared with a reference that keeps everything', () => {
  it('are the same windows, in the same order, with the same revisions', () => {
    fc.assert(
      fc.property(settingsArbitrary, rowsArbitrary, (settings, rows) => {
        const windows = withoutRepeats(runOperator(settings, rows, 1, []))
        assert.deepEqual(byAsset(windows), byAsset(withoutRepeats(new Reference(settings).run(rows))))
      }),
      runs,
    )
  })

  it('do not depend on where batches begin and end', () => {
    fc.assert(
      fc.property(settingsArbitrary, rowsArbitrary, fc.integer({ min: 2, max: 50 }), (settings, rows, chunk) => {
        assert.deepEqual(byAsset(runOperator(settings, rows, chunk, [])), byAsset(runOperator(settings, rows, 1, [])))
      }),
      runs,
    )
  })

  it('are those of an uninterrupted run after the state was saved and loaded', () => {
    const restarts = fc.array(fc.nat(60), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(settingsArbitrary, rowsArbitrary, restarts, fc.nat(5), (settings, rows, at, more) => {
        const chunk = 1 + more
        assert.deepEqual(runOperator(settings, rows, chunk, at), runOperator(settings, rows, chunk, []))
      }),
      runs,
    )
  })
})
