import assert from 'node:assert/strict'
import fc from 'fast-check'
import { AssetClass, TagTable, type FeatureBatch, type Series, type Window } from '../../../agent/core/index.ts'
import { createFeatures, featureConfig, versionOf, type Features } from '../../../models/features/index.ts'

const settings = featureConfig.parse({ features: ['mean', 'shift', 'age'] })

function plant(...names: string[]): AssetClass {
  const tags = new TagTable()
  const assets = new AssetClass('pump', '{asset}/{role}', tags)
  for (const name of names) assets.locate(tags.resolve({ name, type: 'number' }).index)
  return assets
}

/** A window of ten seconds whose only role has this value throughout. */
function windowOf(assets: AssetClass, start: number, value: number, more: Partial<Window> = {}): Window {
  const series: Series = { time: Float64Array.of(start), value: Float64Array.of(value) }
  const covered = Float64Array.of(more.coverage ?? 1)
  return {
    asset: assets.assets[0],
    start,
    end: start + 10_000,
    coverage: 1,
    covered,
    bad: new Uint8Array(1),
    revision: 1,
    series: [series],
    ...more,
  }
}

/** What a keeper would store, through the same encoding. */
function keeperOf(saved: Record<string, unknown> = {}) {
  const states: Record<string, () => unknown> = {}
  return {
    save: () => Object.fromEntries(Object.entries(states).map(([key, save]) => [key, structuredClone(save())])),
    keep<Saved>(key: string, state: { save(): Saved; load(saved: Saved): void }) {
      states[key] = () => state.save()
      if (key in saved) state.load(saved[key] as Saved)
    },
  }
}

const rowsOf = ({ values, length, names }: FeatureBatch) =>
  Array.from({ length }, (_, row) => [...values.subarray(row * names.length, (row + 1) * names.length)])

describe('features of runs', () => {
  it('are named after the asset or the role, and have versions', () => {
    const features = createFeatures(settings, plant('p/x', 'p/a'))
    assert.deepEqual(features.names, ['a.mean', 'a.shift', 'x.mean', 'x.shift', 'age'])
    assert.equal(features.version, 'age@1,mean@1,shift@1')
    assert.equal(versionOf(features.names), features.version)
  })

  it('count from the first window of the asset', () => {
    const assets = plant('p/x')
    const features = createFeatures(settings, assets)
    const windows = [windowOf(assets, 50_000, 3), windowOf(assets, 60_000, 4)]
    assert.deepEqual(rowsOf(features.extract(windows)), [
      [3, 0, 10],
      [4, 1, 20],
    ])
  })

  it('count anew after a failure or maintenance', () => {
    const assets = plant('p/x')
    const features = createFeatures(settings, assets)
    features.extract([windowOf(assets, 0, 3)])
    features.reset('p', 9_000)
    features.reset('another', 20_000)
    assert.deepEqual(rowsOf(features.extract([windowOf(assets, 10_000, 7), windowOf(assets, 20_000, 9)])), [
      [7, 0, 11],
      [9, 2, 21],
    ])
  })

  it('say nothing of a window that reaches back into the run before', () => {
    const assets = plant('p/x')
    const features = createFeatures(settings, assets)
    features.extract([windowOf(assets, 0, 3)])
    features.reset('p', 10_000)
    assert.deepEqual(rowsOf(features.extract([windowOf(assets, 10_000, 7), windowOf(assets, 20_000, 9)])), [
      [NaN, NaN, NaN],
      [9, 0, 20],
    ])
  })

  it('look up the run by the time of the window, also where data or label come late', () => {
    const assets = plant('p/x')
    const features = createFeatures(settings, assets)
    features.extract([windowOf(assets, 0, 3), windowOf(assets, 40_000, 5)])
    features.reset('p', 20_000)
    assert.deepEqual(rowsOf(features.extract([windowOf(assets, 10_000, 4, { revision: 2 })])), [[4, 1, 20]])
    assert.deepEqual(rowsOf(features.extract([windowOf(assets, 50_000, 6)])), [[6, 0, 40]])
  })

  it('know a first window only by one that is covered well', () => {
    const assets = plant('p/x')
    const features = createFeatures(settings, assets)
    const poor = windowOf(assets, 0, 100, { coverage: 0.2 })
    assert.deepEqual(rowsOf(features.extract([poor, windowOf(assets, 10_000, 5), windowOf(assets, 20_000, 6)])), [
      [100, NaN, 10],
      [5, 0, 20],
      [6, 1, 30],
    ])
  })

  it('are the same for the same windows again, whatever is known since', () => {
    const assets = plant('p/x')
    const features = createFeatures(settings, assets)
    const windows = [windowOf(assets, 0, 100, { coverage: 0.2 }), windowOf(assets, 10_000, 5)]
    const first = features.extract(windows)
    assert.deepEqual(features.extract(windows, ['age', 'x.shift']).values, Float64Array.of(10, NaN, 20, 0))
    assert.deepEqual(features.extract(windows), first)
  })

  it('are the same to the bit however windows and restarts fall', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -9, max: 9 }), fc.boolean()), {
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(steps, fc.nat(40), (list, cut) => {
        const play = (assets: AssetClass, features: Features, from: number, to: number) =>
          list.slice(from, to).flatMap(([kind, value, restart], i) => {
            const time = (from + i) * 10_000
            if (kind === 0) features.reset('p', time - (restart ? 5_000 : 0))
            return rowsOf(features.extract([windowOf(assets, time, value)]))
          })
        const assets = plant('p/x')
        const whole = play(assets, createFeatures(settings, assets), 0, list.length)
        const before = keeperOf()
        const first = plant('p/x')
        const head = play(first, createFeatures(settings, first, before), 0, cut)
        const second = plant('p/x')
        const tail = play(second, createFeatures(settings, second, keeperOf(before.save())), cut, list.length)
        assert.deepEqual([...head, ...tail], whole)
      }),
    )
  })

  it('forget the oldest runs of an asset', () => {
    const assets = plant('p/x')
    const keeper = keeperOf()
    const features = createFeatures(settings, assets, keeper)
    for (let run = 0; run < 100; run++) features.reset('p', run * 10_000)
    const { runs } = keeper.save() as { runs: Record<string, unknown[]> }
    assert.equal(runs.p.length, 32)
    assert.deepEqual(rowsOf(features.extract([windowOf(assets, 1_000_000, 1)])), [[1, 0, 20]])
  })
})
