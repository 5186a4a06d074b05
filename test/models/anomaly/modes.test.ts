import assert from 'node:assert/strict'
import { DetectorError, type FeatureBatch } from '../../../agent/core/index.ts'
import { findClusters } from '../../../models/anomaly/clusters.ts'
import { loadDetector, modelConfig, trainModel } from '../../../models/index.ts'
import { seededRandom } from '../../../models/random.ts'

const names = ['load.mean', 'load.std', 'state.mean', 'state.std', 'temperature.mean', 'temperature.std']

interface Shift {
  /** Windows at standstill, in start-up, at work; the state is 0, 1, 2 in them. */
  readonly pattern?: readonly [number, number, number]
  readonly length?: number
  readonly seed?: number
  /** Added to the temperature in these states. */
  readonly warmer?: Partial<Record<number, number>>
  readonly asset?: string
  /** What the state is called at work. */
  readonly code?: number
}

/** A machine that stands still, starts and works, again and again; its temperature hardly moves at standstill. */
function machine({ pattern = [40, 4, 60], length = 1500, seed = 1, warmer = {}, asset = 'pump1', code = 2 }: Shift) {
  const random = seededRandom(seed)
  const cycle = pattern[0] + pattern[1] + pattern[2]
  const states = Array.from({ length }, (_, row) => {
    const place = row % cycle
    return place < pattern[0] ? 0 : place < pattern[0] + pattern[1] ? 1 : 2
  })
  const values = states.flatMap((state, row) => {
    const share = state === 1 ? ((row % cycle) - pattern[0] + 0.5) / pattern[1] : state / 2
    const load = 100 * share + (state === 2 ? 5 : 0.2) * random.normal()
    const temperature = 20 + 0.4 * load + (state === 2 ? 1 : 0.1) * random.normal() + (warmer[state] ?? 0)
    return [load, state === 1 ? 12 : 0.5 + 0.02 * random.normal(), state === 2 ? code : state, 0, temperature, 0.3 + 0.02 * random.normal()]
  }) // prettier-ignore
  const features: FeatureBatch = {
    length,
    names,
    values: Float64Array.from(values),
    asset: new Array<string>(length).fill(asset),
    start: Float64Array.from({ length }, (_, row) => row * 10_000),
    end: Float64Array.from({ length }, (_, row) => (row + 1) * 10_000),
    coverage: new Float64Array(length).fill(1),
    revision: new Uint16Array(length).fill(1),
  }
  return { features, states }
}

async function train(features: FeatureBatch, settings: object) {
  const parsed = modelConfig.parse({ type: 'anomaly', method: 'hotelling-t2', ...settings })
  return trainModel(parsed, { monitor: 'm', features, created: 0 })
}

/** Shares of the windows in a state that are beyond the threshold, and that have no score. */
async function verdicts(bundle: Awaited<ReturnType<typeof train>>, given: ReturnType<typeof machine>, state: number) {
  const detector = await loadDetector(bundle)
  const { score, threshold } = await detector.score(given.features)
  await detector.close()
  const rows = given.states.flatMap((own, row) => (own === state ? [row] : []))
  return {
    anomaly: rows.filter((row) => score[row] > threshold[row]).length / rows.length,
    unknown: rows.filter((row) => Number.isNaN(score[row])).length / rows.length,
  }
}

describe('operating modes', () => {
  const fresh = machine({ seed: 2 })
  const warmAtRest = machine({ seed: 3, warmer: { 0: 1 } })

  for (const modes of ['auto', { tag: 'state' }] as const) {
    describe(JSON.stringify(modes), () => {
      let bundle: Awaited<ReturnType<typeof train>>
      before(async () => {
        bundle = await train(machine({}).features, { modes })
      })

      it('finds a fault at standstill that is nothing against the load', async () => {
        const blind = await train(machine({}).features, {})
        assert.ok((await verdicts(blind, warmAtRest, 0)).anomaly < 0.2)
        assert.ok((await verdicts(bundle, warmAtRest, 0)).anomaly > 0.95)
      })

      it('takes neither standstill, nor work, nor most of a start for an anomaly', async () => {
        for (const state of [0, 2]) {
          const { anomaly, unknown } = await verdicts(bundle, fresh, state)
          assert.ok(anomaly < 0.06 && unknown < 0.05, `state ${state}: ${anomaly}, ${unknown}`)
        }
        const start = await verdicts(bundle, fresh, 1)
        assert.ok(start.anomaly <= 0.25, `start: ${start.anomaly}, ${start.unknown}`)
      })

      it('finds a fault at work', async () => {
        assert.ok((await verdicts(bundle, machine({ seed: 4, warmer: { 2: 8 } }), 2)).anomaly > 0.9)
      })

      it('says which modes it knows', () => {
        assert.equal(bundle.manifest.metrics.modes, modes === 'auto' ? 2 : 3)
        assert.match(bundle.card, /ways of running/)
        assert.match(bundle.report!.notes.join('\n'), /Modes:/)
      })
    })
  }

  it('has no opinion on a mode that the tag names and it never saw, nor on a window of two', async () => {
    const bundle = await train(machine({}).features, { modes: { tag: 'state' } })
    assert.equal((await verdicts(bundle, machine({ code: 7 }), 2)).unknown, 1)
    assert.equal((await verdicts(bundle, machine({ code: 1.5 }), 2)).unknown, 1)
  })

  it('takes the likeliest mode where the tag is lost, and has no opinion on what fits none', async () => {
    const bundle = await train(machine({}).features, { modes: { tag: 'state' } })
    const lost = (plant: ReturnType<typeof machine>) => {
      for (let at = 2; at < plant.features.values.length; at += names.length) plant.features.values[at] = NaN
      return plant
    }
    const sound = await verdicts(bundle, lost(machine({ seed: 2 })), 2)
    assert.ok(sound.anomaly < 0.06 && sound.unknown < 0.06, JSON.stringify(sound))
    const strange = await verdicts(bundle, lost(machine({ seed: 4, warmer: { 2: 8 } })), 2)
    assert.ok(strange.anomaly + strange.unknown > 0.9, JSON.stringify(strange))
  })

  it('knows modes by codes of any size', async () => {
    const bundle = await train(machine({ code: 120_431 }).features, { modes: { tag: 'state' } })
    assert.ok((await verdicts(bundle, machine({ seed: 2, code: 120_431 }), 2)).anomaly < 0.06)
    assert.equal((await verdicts(bundle, machine({ code: 120_432 }), 2)).unknown, 1)
  })

  it('takes a load beyond all modes for an anomaly', async () => {
    const bundle = await train(machine({}).features, { modes: 'auto' })
    const over = machine({ seed: 5 })
    over.features.values.forEach((value, i) => {
      if (i % names.length === 0) over.features.values[i] = value * 2
    })
    assert.equal((await verdicts(bundle, over, 2)).anomaly, 1)
  })

  it('knows the modes of assets that run in them for different shares of the time', async () => {
    const parts = [machine({ pattern: [10, 4, 90] }), machine({ pattern: [80, 4, 20], seed: 6, asset: 'pump2' })]
    const both: FeatureBatch = {
      ...parts[0].features,
      length: 3000,
      values: Float64Array.of(...parts.flatMap(({ features }) => [...features.values])),
      asset: parts.flatMap(({ features }) => [...features.asset]),
      start: Float64Array.of(...parts.flatMap(({ features }) => [...features.start])),
      end: Float64Array.of(...parts.flatMap(({ features }) => [...features.end])),
      coverage: new Float64Array(3000).fill(1),
      revision: new Uint16Array(3000).fill(1),
    }
    const bundle = await train(both, { modes: 'auto' })
    assert.ok(bundle.manifest.metrics.modes >= 2)
    const given = machine({ pattern: [50, 4, 50], seed: 7, asset: 'pump2' })
    for (const state of [0, 2]) assert.ok((await verdicts(bundle, given, state)).anomaly < 0.1)
  })

  it('are none where the load is one cloud, or a fault came once', () => {
    const random = seededRandom(5)
    const cloud = Float64Array.from({ length: 3000 }, () => random.normal())
    assert.equal(findClusters(cloud, 3, { seed: 1, least: 30 }), undefined)
    const even = Float64Array.from({ length: 3000 }, () => random.uniform())
    assert.equal(findClusters(even, 1, { seed: 1, least: 30 }), undefined)
    const once = cloud.map((value, i) => (i > 1500 && i < 1700 ? value + 30 : value))
    assert.equal(findClusters(once, 3, { seed: 1, least: 30 }), undefined)
  })

  it('are asked for with a reason where the tag is not there or names none', async () => {
    const { features } = machine({})
    const fails = (settings: object, message: RegExp) =>
      assert.rejects(train(features, settings), (error: unknown) => {
        assert.ok(error instanceof DetectorError && error.remedy)
        assert.equal(error.code, 'TRAINING_DATA')
        assert.match(error.message, message)
        return true
      })
    await fails({ modes: { tag: 'recipe' } }, /no feature recipe.mean/)
    await fails({ modes: { tag: 'temperature' } }, /temperature names the mode of \d+ of 1500 windows only/)
  })
})
