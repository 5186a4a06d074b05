import assert from 'node:assert/strict'
import { DetectorError, type Detector, type FeatureBatch } from '../../../agent/core/index.ts'
import { loadDetector, modelConfig, trainModel, type ModelBundle, type TrainingInput } from '../../../models/index.ts'
import { seededRandom } from '../../../models/random.ts'
import { hour } from '../../support/wear.ts'

/** So little time that the first candidate alone is tried. */
const context = { budget: 1e-6 }

/** Windows of an hour of a reactor; the laboratory measures every fourth, from some hour on another way. */
function reactor(hours: number, seed: number, changeAt = Infinity, every = 4) {
  const random = seededRandom(seed)
  const names = ['flow.mean', 'temperature.mean']
  const values = new Float64Array(hours * 2)
  const truth = new Float64Array(hours)
  for (let at = 0; at < hours; at++) {
    const [flow, temperature] = [10 + random.normal(), 80 + 3 * random.normal()]
    values.set([flow, temperature], at * 2)
    const offset = at >= changeAt ? 6 : 0
    truth[at] = 1e4 + 2 * (flow - 10) + 0.5 * Math.abs(temperature - 80) + offset + 0.2 * random.normal()
  }
  const end = Float64Array.from(values.subarray(0, hours), (_, at) => (at + 1) * hour)
  const features: FeatureBatch = {
    length: hours,
    names,
    values,
    asset: new Array<string>(hours).fill('reactor'),
    start: end.map((time) => time - hour),
    end,
    coverage: new Float64Array(hours).fill(1),
    revision: new Uint16Array(hours).fill(1),
  }
  return { features, targets: { value: truth.map((value, at) => (at % every === 0 ? value : NaN)) }, truth }
}

const train = (more: Partial<TrainingInput>, settings: Record<string, unknown> = {}, budget = context.budget) =>
  trainModel(
    modelConfig.parse({ type: 'estimate', ...settings }),
    { monitor: 'purity', created: 1, ...reactor(2000, 1), ...more },
    { budget },
  )

const rmse = (told: Float64Array, truth: Float64Array) =>
  Math.sqrt(told.reduce((sum, value, row) => sum + (value - truth[row]) ** 2, 0) / told.length)

describe('estimate', () => {
  let bundle: ModelBundle
  let detector: Detector
  const fresh = reactor(1000, 2)

  before(async () => {
    bundle = await train({}, { limits: { low: 9997, high: 10_004 } })
    detector = await loadDetector(bundle)
  })
  after(() => detector.close())

  it('tells values that were not measured nearly as well as they can be told', async () => {
    const { value } = await detector.score(fresh.features)
    const error = rmse(value!, fresh.truth)
    assert.ok(error < 0.5, `wrong by ${error}, where 0.2 is noise and 2.1 the spread`)
    assert.ok(Math.abs(error - bundle.manifest.metrics.rmse) < 0.2, 'and says itself how wrong it is')
    assert.ok(bundle.manifest.metrics.r2 > 0.9)
  })

  it('has an interval that holds nine of ten', async () => {
    const { lower, upper } = await detector.score(fresh.features)
    const held = fresh.truth.filter((truth, row) => lower![row] <= truth && truth <= upper![row]).length / 1000
    assert.ok(held > 0.86 && held < 0.97, `it holds ${held}`)
  })

  it('scores how far the value is beyond its limits', async () => {
    const { score, threshold, value } = await detector.score(fresh.features)
    const outside = [...score.keys()].filter((row) => score[row] > threshold[row])
    assert.deepEqual(outside, [...score.keys()].filter((row) => value![row] < 9997 || value![row] > 10_004)) // prettier-ignore
    assert.ok(outside.length > 10)
    score.forEach((beyond, row) => {
      assert.ok(Math.abs(beyond - Math.max(9997 - value![row], value![row] - 10_004)) < 1e-6)
    })
  })

  it('is explained by the tag that drives it out: only the flow can make it low', async () => {
    const { score, value, contributions, tags } = await detector.score(fresh.features)
    const far = [...score.keys()].filter((row) => score[row] > 0 && value![row] < 9997)
    const named = far.filter((row) => contributions[row * 2 + tags.indexOf('flow')] > contributions[row * 2 + tags.indexOf('temperature')]) // prettier-ignore
    assert.ok(named.length > 0.9 * far.length, `${named.length} of ${far.length}`)
  })

  it('judges nothing without limits, and one side with one', async () => {
    for (const [limits, beyond] of [
      [undefined, () => 0],
      [{ low: 9997 }, (value: number) => 9997 - value],
      [{ high: 10_004 }, (value: number) => value - 10_004],
    ] as const) {
      const model = await loadDetector(await train({}, limits ? { limits } : {}))
      const { score, value } = await model.score(fresh.features)
      score.forEach((given, row) => assert.ok(Math.abs(given - beyond(value![row])) < 1e-6))
      await model.close()
    }
  })

  it('chooses by values newer than those learned from, with enough time among all candidates', async () => {
    const { report } = await train({ ...reactor(400, 3) }, {}, Infinity)
    const { candidates } = report!
    assert.deepEqual(candidates.map(({ name }) => name.split(',')[0]), ['gradient-boosting', 'gradient-boosting', 'gradient-boosting', 'ridge', 'perceptron']) // prettier-ignore
    const least = Math.min(...candidates.map(({ validation }) => validation.rmse))
    assert.deepEqual(candidates.filter(({ chosen }) => chosen).map(({ validation }) => validation.rmse), [least]) // prettier-ignore
    assert.match(report!.figures.errors, /^<svg[\s\S]*<\/svg>$/)
  })

  it('admits that the newest values are not as the older ones were', async () => {
    const { manifest } = await train(reactor(2000, 1, 1600))
    assert.ok(manifest.metrics.coverage < 0.3, `${manifest.metrics.coverage} of the newest fifth held`)
  })

  it('learns only from as far back as it is told to', async () => {
    const changed = reactor(2000, 1, 1600)
    const after = reactor(500, 4, 0)
    const errorOf = async (settings: Record<string, unknown>) => {
      const model = await loadDetector(await train(changed, settings))
      const { value } = await model.score(after.features)
      await model.close()
      return rmse(value!, after.truth)
    }
    const [recent, all] = [await errorOf({ learn_from: '396h' }), await errorOf({})]
    assert.ok(recent < 1.2 && all > 4, `wrong by ${recent} and by ${all}`)
  })

  it('says how many measured values are missing, and that they have to differ', async () => {
    await assert.rejects(train(reactor(100, 1)), (error: unknown) => {
      assert.ok(error instanceof DetectorError && error.code === 'TRAINING_DATA' && error.remedy)
      assert.match(error.message, /100 windows with 25 measured values, and needs 30: 5 more/)
      return true
    })
    const { features } = reactor(100, 1)
    await assert.rejects(
      train({ features, targets: { value: new Float64Array(100).fill(3) } }),
      /all 100 measured values .* are 3/,
    )
  })

  it('counts what it left out and why', async () => {
    const { report } = await train({}, { learn_from: '1000h' })
    assert.deepEqual(report!.exclusions.map(({ rows }) => rows), [1500, 249]) // prettier-ignore
    assert.equal(report!.data.used, 251)
  })
})
