import assert from 'node:assert/strict'
import fc from 'fast-check'
import { AssetClass, DetectorError, SeriesView, TagTable, type Series, type Window } from '../../../agent/core/index.ts'
import { createFeatures, featureConfig, featureNames, versionOf } from '../../../models/features/index.ts'

const tables = new WeakMap<AssetClass, TagTable>()

function plant(...tagNames: string[]): AssetClass {
  const tags = new TagTable()
  const assets = new AssetClass('pump', '{asset}/{role}', tags)
  tables.set(assets, tags)
  for (const name of tagNames) assets.locate(tags.resolve({ name, type: 'number' }).index)
  return assets
}

function windowOf(assets: AssetClass, series: readonly Series[], more: Partial<Window> = {}): Window {
  const covered = new Float64Array(series.length).fill(more.coverage ?? 1)
  return {
    asset: assets.assets[0],
    start: 0,
    end: 1000,
    coverage: 1,
    covered,
    bad: new Uint8Array(1),
    revision: 1,
    series,
    ...more,
  }
}

function seriesOf(values: readonly number[], step = 10): Series {
  return { time: Float64Array.from(values, (_, row) => row * step), value: Float64Array.from(values) }
}

/** Every feature of one number, of one series. */
function describeSeries(series: Series, features: readonly string[]): Record<string, number> {
  const assets = plant('p/x')
  const batch = createFeatures(featureConfig.parse({ features }), assets).extract([windowOf(assets, [series])])
  return Object.fromEntries(batch.names.map((name, column) => [name.slice(2), batch.values[column]]))
}

/** The definitions, computed the plain way. */
function reference(time: Float64Array, value: Float64Array): Record<string, number> {
  const n = value.length
  const sum = (of: (row: number) => number) => Array.from(value, (_, row) => of(row)).reduce((a, b) => a + b, 0)
  const mean = sum((row) => value[row] - value[0]) / n + value[0]
  const meanTime = sum((row) => time[row]) / n
  const moment = (power: number) => sum((row) => (value[row] - mean) ** power) / n
  const times = sum((row) => (time[row] - meanTime) ** 2)
  const rms = Math.sqrt(sum((row) => value[row] ** 2) / n)
  const signs = [...value].map((x) => Math.sign(x - mean)).filter((sign) => sign !== 0)
  return {
    mean,
    std: Math.sqrt(moment(2)),
    min: Math.min(...value),
    max: Math.max(...value),
    rms,
    slope: times > 0 ? (1000 * sum((row) => (time[row] - meanTime) * (value[row] - mean))) / times : 0,
    skew: moment(2) > 0 ? moment(3) / moment(2) ** 1.5 : 0,
    kurtosis: moment(2) > 0 ? moment(4) / moment(2) ** 2 : 3,
    crest: rms > 0 ? Math.max(...[...value].map(Math.abs)) / rms : 1,
    peak_to_peak: Math.max(...value) - Math.min(...value),
    tail: Array.from(value.slice(-5)).reduce((a, b) => a + b, 0) / Math.min(5, n),
    zero_crossings: signs.filter((sign, row) => row > 0 && sign !== signs[row - 1]).length,
  }
}

function assertClose(actual: number, expected: number, name: string, tolerance = 1e-9): void {
  const scale = Math.max(1, Math.abs(expected))
  assert.ok(Math.abs(actual - expected) <= tolerance * scale, `${name}: ${actual} instead of ${expected}`)
}

const others = ['bands', 'envelope', 'shift', 'age']
const scalars = featureNames.filter((name) => !others.includes(name))

describe('features', () => {
  it('are what their definitions say', () => {
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(values, (list) => {
        const series = seriesOf(list)
        const found = describeSeries(series, scalars)
        for (const [name, expected] of Object.entries(reference(series.time, series.value)))
          assertClose(found[name], expected, name)
      }),
    )
  })

  it('are exact for constants, also where a constant has no exact mean', () => {
    const found = describeSeries(seriesOf(new Array<number>(7).fill(0.1)), scalars)
    const { mean, std, slope, skew, kurtosis, crest, zero_crossings } = found
    assert.deepEqual([mean, std, slope, skew, kurtosis, crest, zero_crossings], [0.1, 0, 0, 0, 3, 1, 0])
  })

  it('keep their digits under a large offset', () => {
    const wave = Array.from({ length: 500 }, (_, row) => Math.round(1000 * Math.sin(row)) / 1024)
    const plain = describeSeries(seriesOf(wave), scalars)
    const lifted = describeSeries(seriesOf(wave.map((x) => x + 2 ** 40)), scalars)
    for (const name of ['std', 'slope', 'skew', 'kurtosis', 'peak_to_peak'])
      assertClose(lifted[name], plain[name], name, 1e-6)
  })

  it('have columns sorted by role, features as configured, and grow with the class', () => {
    const assets = plant('p/b', 'p/a')
    const features = createFeatures(featureConfig.parse({ features: ['std', 'mean'] }), assets)
    assert.deepEqual(features.names, ['a.std', 'a.mean', 'b.std', 'b.mean'])
    assert.equal(features.version, 'mean@1,std@1')
    const batch = features.extract([windowOf(assets, [seriesOf([1, 3]), seriesOf([5])])])
    assert.deepEqual([...batch.values], [0, 5, 1, 2])
    assets.locate(tables.get(assets)!.resolve({ name: 'p/aa', type: 'number' }).index)
    assert.deepEqual(features.names.slice(2, 4), ['aa.std', 'aa.mean'])
    const grown = features.extract([windowOf(assets, [seriesOf([1, 3]), seriesOf([5])])])
    assert.deepEqual([...grown.values], [0, 5, NaN, NaN, 1, 2])
  })

  it('follow a fixed list of columns, with NaN for roles the class does not have', () => {
    const assets = plant('p/a', 'p/x.y')
    const features = createFeatures(featureConfig.parse({}), assets)
    const names = ['x.y.max', 'gone.mean', 'a.mean', 'x.y.mean']
    const batch = features.extract([windowOf(assets, [seriesOf([1, 3]), seriesOf([5, 9])])], names)
    assert.equal(batch.names, names)
    assert.deepEqual([...batch.values], [9, NaN, 2, 7])
    assert.equal(versionOf(names), 'max@1,mean@1')
  })

  it('refuse a column that no feature makes', () => {
    const features = createFeatures(featureConfig.parse({}), plant('p/a'))
    for (const name of ['a.median', 'mean', '.mean', 'a.bands', 'a.bands_33'])
      assert.throws(() => features.extract([], [name]), DetectorError)
  })

  it('give NaN for a role without samples, and tell of each window what it was', () => {
    const assets = plant('p/a')
    const window = windowOf(assets, [seriesOf([])], { start: 5, end: 15, coverage: 0.25, revision: 3 })
    const batch = createFeatures(featureConfig.parse({}), assets).extract([window])
    assert.deepEqual([...batch.values], [NaN, NaN])
    assert.deepEqual([batch.asset, batch.start[0], batch.end[0]], [['p'], 5, 15])
    assert.deepEqual([batch.coverage[0], batch.revision[0], batch.length], [0.25, 3, 1])
  })

  it('refuse unknown and repeated names in the settings', () => {
    assert.ok(!featureConfig.safeParse({ features: ['median'] }).success)
    assert.ok(!featureConfig.safeParse({ features: ['mean', 'mean'] }).success)
    assert.ok(!featureConfig.safeParse({ features: [] }).success)
  })
})

describe('features of overlapping windows', () => {
  const step = 250
  const panes = 6

  /** Windows over one long series, as the window operator hands them out: views with one owner. */
  function views(time: Float64Array, value: Float64Array, assets: AssetClass, owner = { edition: 0 }): Window[] {
    const windows: Window[] = []
    for (let end = panes * step; end <= time[time.length - 1] + step; end += step) {
      const start = end - panes * step
      const from = time.findIndex((at) => at >= start)
      const after = time.findIndex((at) => at >= end)
      const to = after < 0 ? time.length : after
      if (from < 0 || from >= to) continue
      const view = new SeriesView(time, value, from, to, owner)
      windows.push(windowOf(assets, [view], { start, end, step }))
    }
    return windows
  }

  const columns = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: -50, max: 50 })), {
      minLength: 100,
      maxLength: 300,
    })
    .map((pairs) => {
      let at = 0
      return { time: Float64Array.from(pairs, ([gap]) => (at += gap)), value: Float64Array.from(pairs, ([, x]) => x) }
    })

  it('are those of the definitions', () => {
    fc.assert(
      fc.property(columns, ({ time, value }) => {
        const assets = plant('p/x')
        const windows = views(time, value, assets)
        const batch = createFeatures(featureConfig.parse({ features: scalars }), assets).extract(windows)
        windows.forEach(({ series }, row) => {
          const expected = reference(series[0].time, series[0].value)
          scalars.forEach((name, column) => {
            // A value within rounding of the mean may count for either side.
            if (name !== 'zero_crossings')
              assertClose(batch.values[row * scalars.length + column], expected[name], name, 1e-8)
          })
        })
      }),
    )
  })

  it('are equal to the bit whichever windows came before', () => {
    fc.assert(
      fc.property(columns, fc.nat(20), ({ time, value }, skip) => {
        const assets = plant('p/x')
        const settings = featureConfig.parse({ features: scalars })
        const windows = views(time, value, assets)
        const all = createFeatures(settings, assets).extract(windows).values
        const some = windows.slice(skip)
        const late = createFeatures(settings, assets).extract(some).values
        assert.deepEqual(late, all.slice(all.length - late.length))
      }),
    )
  })

  it('are computed anew where late data changed a pane', () => {
    const assets = plant('p/x')
    const features = createFeatures(featureConfig.parse({}), assets)
    const time = Float64Array.from({ length: 300 }, (_, row) => row * 8)
    const value = new Float64Array(300).fill(1)
    const owner = { edition: 0 }
    // From 1,000 to 2,500 ms: 175 samples.
    const newest = () => features.extract(views(time, value, assets, owner).slice(-1)).values[0]
    assert.equal(newest(), 1)
    value[250] = 1 + 175
    assert.equal(newest(), 1, 'panes are kept while nothing says that they changed')
    owner.edition = 1
    assertClose(newest(), 2, 'mean')
  })
})
