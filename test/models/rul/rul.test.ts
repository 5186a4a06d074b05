import assert from 'node:assert/strict'
import { DetectorError, type Detector } from '../../../agent/core/index.ts'
import { loadDetector, modelConfig, trainModel, type ModelBundle, type TrainingInput } from '../../../models/index.ts'
import { hour, worn } from '../../support/wear.ts'
import { pick } from '../synthetic.ts'

/** So little time that the first candidate alone is tried. */
const context = { budget: 1e-6 }
const train = (more: Partial<TrainingInput>, settings: Record<string, unknown> = {}) =>
  trainModel(
    modelConfig.parse({ type: 'rul', ...settings }),
    { monitor: 'gear', created: 1, ...worn({ runs: 30 }), ...more },
    context,
  )

const failsWith = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DetectorError)
  assert.equal(error.code, code)
  assert.match(error.message, message)
  assert.ok(error.remedy)
  return true
}

describe('remaining life', () => {
  let bundle: ModelBundle
  let detector: Detector
  const fresh = worn({ runs: 40, seed: 2 })

  before(async () => {
    bundle = await train({})
    detector = await loadDetector(bundle)
  })
  after(() => detector.close())

  it('is told for runs it has not seen, well within what is known of lives alone', async () => {
    const { value } = await detector.score(fresh.features)
    const { cap } = bundle.manifest.metrics
    const errors = value!.map((told, row) => (told - Math.min(cap, fresh.life[row])) / hour)
    const rmse = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
    assert.ok(rmse < 8, `wrong by ${rmse} hours`)
    assert.ok(Math.abs(rmse - bundle.manifest.metrics.rmse / hour) < 3, 'and says itself how wrong it is')
  })

  it('has an interval that holds at least nine of ten, and is far narrower than the spread of lives', async () => {
    const { value, lower, upper } = await detector.score(fresh.features)
    const held = fresh.life.filter((life, row) => lower![row] <= life && life <= upper![row]).length / fresh.life.length
    assert.ok(held > 0.87 && held < 0.985, `it holds ${held}`)
    const narrow = fresh.life.filter((_, row) => upper![row] - lower![row] < 30 * hour).length / fresh.life.length
    assert.ok(narrow > 0.3, `${narrow} of the intervals are shorter than 30 hours`)
    value!.forEach((told, row) => assert.ok(0 <= lower![row] && lower![row] <= told && told <= upper![row]))
  })

  it('turns into a score from 0 to 1 that passes the threshold below a fifth of the cap', async () => {
    const { score, threshold, value } = await detector.score(fresh.features)
    const { cap, warn_below } = bundle.manifest.metrics
    assert.ok(Math.abs(warn_below - cap / 5) < 1)
    score.forEach((worse, row) => {
      assert.ok(worse >= 0 && worse <= 1)
      assert.ok(Math.abs(worse - (1 - value![row] / cap)) < 1e-9)
      if (Math.abs(value![row] - warn_below) > 1) assert.equal(worse > threshold[row], value![row] < warn_below)
    })
  })

  it('learns as its longest life the one that nine runs of ten were seen with', () => {
    const longest = new Map<string, number>()
    const { features, life } = worn({ runs: 30 })
    features.asset.forEach((asset, row) => longest.set(asset, Math.max(longest.get(asset) ?? 0, life[row])))
    const seen = [...longest.values()].filter((most) => most >= bundle.manifest.metrics.cap).length
    assert.equal(seen, 27)
  })

  it('is explained by the tag that shows the wear', async () => {
    const { score, threshold, contributions, tags } = await detector.score(fresh.features)
    const failing = [...score.keys()].filter((row) => score[row] > threshold[row])
    const named = failing.filter((row) => {
      const shares = contributions.subarray(row * tags.length, (row + 1) * tags.length)
      return ['vibration', 'age'].includes(tags[shares.indexOf(Math.max(...shares))])
    })
    assert.ok(failing.length > 100 && named.length > 0.95 * failing.length, `${named.length} of ${failing.length}`)
  })

  it('is unknown for a window without a value, and told where one is missing', async () => {
    const rows = pick(fresh.features, [0, 0])
    rows.values.fill(NaN, 0, rows.names.length)
    rows.values[rows.names.length + 1] = NaN
    const { score, value, lower } = await detector.score(rows)
    assert.deepEqual([score[0], value![0], lower![0]], [NaN, NaN, NaN])
    assert.ok(Number.isFinite(value![1]))
  })

  it('leaves out runs that have not ended, and says so', async () => {
    const some = worn({ runs: 40, cut: (run) => (run < 10 ? 20 : 0) })
    const { manifest, report } = await train(some)
    const unfinished = some.targets.value.filter(Number.isNaN).length
    assert.equal(manifest.metrics.runs, 30)
    assert.equal(manifest.training.used, some.features.length - unfinished)
    assert.deepEqual(report?.exclusions.map(({ rows }) => rows), [unfinished]) // prettier-ignore
  })

  it('says how many more failures it needs', async () => {
    await assert.rejects(train(worn({ runs: 7 })), failsWith('TRAINING_DATA', /7 complete runs .* needs 10: 3 more/))
    const none = { ...worn({ runs: 3 }), targets: undefined }
    await assert.rejects(train(none), failsWith('TRAINING_DATA', /0 complete runs .* 10 more/))
    await train(worn({ runs: 7 }), { min_runs: 7 })
  })

  it('learns nothing from windows whose age is that of the run before', async () => {
    const { features, targets } = worn({ runs: 30 })
    // A second run of the first machine, after its label came two hours late.
    const last = Math.max(...features.end.filter((_, row) => features.asset[row] === 'machine0'))
    const again = [...features.asset.keys()].filter((row) => features.asset[row] === 'machine1')
    const second = pick(features, again)
    second.asset.forEach((_, i) => {
      ;(second.asset as string[])[i] = 'machine0'
      second.end[i] += last
      second.start[i] += last
      if (i < 2) second.values[i * second.names.length + 4] += last / 1000
    })
    const join = (a: Float64Array, b: Float64Array) => Float64Array.from([...a, ...b])
    const both = {
      ...features,
      length: features.length + second.length,
      values: join(features.values, second.values),
      asset: [...features.asset, ...second.asset],
      start: join(features.start, second.start),
      end: join(features.end, second.end),
      coverage: join(features.coverage, second.coverage),
    }
    const value = join(
      targets.value,
      Float64Array.from(again, (row) => targets.value[row]),
    )
    const { report, manifest } = await train({ features: both, targets: { value } })
    assert.deepEqual(report?.exclusions.map(({ rows }) => rows), [2]) // prettier-ignore
    assert.equal(manifest.metrics.runs, 31)
  })

  it('refuses to warn at a life that it cannot tell', async () => {
    await assert.rejects(train({}, { warn_below: '500h' }), failsWith('TRAINING_DATA', /warn below 500 h/))
  })

  it('is the same from the same data and seed, and reports how it came to be', async () => {
    const again = await train({})
    assert.deepEqual(again.manifest, bundle.manifest)
    assert.deepEqual(again.onnx, bundle.onnx)
    assert.match(bundle.report!.figures.errors, /^<svg[\s\S]*<\/svg>$/)
    assert.equal(bundle.report!.candidates.filter(({ chosen }) => chosen).length, 1)
    assert.match(bundle.card, /30 runs to failure/)
  })
})
