import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { DetectorError, type Detector, type ErrorCode, type FeatureBatch, type Scores } from '../../agent/core/index.ts'
import {
  kindOf,
  loadDetector,
  modelConfig,
  modelTypes,
  Registry,
  trainModel,
  type ModelBundle,
} from '../../models/index.ts'
import { pick } from '../models/synthetic.ts'
import { worn } from '../support/wear.ts'

const known = worn({ runs: 20 })
const fresh = worn({ runs: 4, seed: 5 }).features
const rows = (length: number) => Array.from({ length }, (_, row) => row)
const hasCode = (code: ErrorCode) => (error: unknown) => error instanceof DetectorError && error.code === code

/** What a row was given, of every column there is. */
function rowOf({ score, threshold, value, lower, upper, contributions, tags }: Scores, row: number): number[] {
  const shares = contributions.subarray(row * tags.length, (row + 1) * tags.length)
  return [score[row], threshold[row], value![row], lower![row], upper![row], ...shares]
}

/** Every model that learns a number from labels has to pass this before its own tests count. */
for (const type of Object.keys(modelTypes)) {
  const settings = modelConfig.parse(type)
  if (kindOf(settings) !== 'rul' && kindOf(settings) !== 'estimate') continue
  // So little time that the first candidate alone is tried.
  const train = (given = known, created = 1, signal?: AbortSignal) =>
    trainModel(settings, { monitor: 'gear', created, ...given }, { budget: 1e-6, ...(signal && { signal }) })

  describe(`regression ${type}`, () => {
    let bundle: ModelBundle
    let detector: Detector

    before(async () => {
      bundle = await train()
      detector = await loadDetector(bundle)
    })
    after(() => detector.close())

    it('changes neither the training data nor the rows it scores', async () => {
      const given = structuredClone(known)
      await train(given)
      assert.deepEqual(given, known)
      const scored = structuredClone(fresh)
      await detector.score(scored)
      assert.deepEqual(scored, fresh)
    })

    it('trains the same bytes from the same data, whenever it is trained', async () => {
      const later = await train(structuredClone(known), 999)
      assert.deepEqual({ ...later.manifest, created: 1 }, bundle.manifest)
      assert.deepEqual(later.onnx, bundle.onnx)
    })

    it('scores the same after it was saved and loaded', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'millwright-regression-'))
      try {
        const registry = new Registry(folder)
        const loaded = await loadDetector(await registry.load('gear', await registry.register(bundle)))
        assert.deepEqual(await loaded.score(fresh), await detector.score(fresh))
        await loaded.close()
      } finally {
        await rm(folder, { recursive: true })
      }
    })

    it('scores a row the same to the bit, whatever rows are scored with it', async () => {
      const whole = await detector.score(fresh)
      const order = fc.shuffledSubarray(rows(fresh.length), { minLength: 1 })
      await fc.assert(
        fc.asyncProperty(order, fc.integer({ min: 1, max: 120 }), async (chosen, size) => {
          for (let from = 0; from < chosen.length; from += size) {
            const part = chosen.slice(from, from + size)
            const scores = await detector.score(pick(fresh, part))
            part.forEach((row, i) => assert.deepEqual(rowOf(scores, i), rowOf(whole, row)))
          }
        }),
        { numRuns: 10 },
      )
    })

    it('has no opinion on a row without a value, and one on a row with some missing', async () => {
      const holes = pick(fresh, [0, 0])
      holes.values.fill(NaN, 0, fresh.names.length)
      holes.values[fresh.names.length + 1] = NaN
      const { score, value } = await detector.score(holes)
      assert.deepEqual([score[0], value![0]], [NaN, NaN])
      assert.ok(Number.isFinite(score[1]) && Number.isFinite(value![1]))
    })

    it('stays finite on absurd values', async () => {
      const absurd = pick(fresh, [0, 1])
      absurd.values.fill(1e300, 0, 2)
      absurd.values[fresh.names.length] = -Number.MAX_VALUE
      const scores = await detector.score(absurd)
      for (const row of [0, 1]) assert.ok(rowOf(scores, row).every(Number.isFinite))
    })

    it('trains on columns that are constant, dead or mostly missing', async () => {
      const given = structuredClone(known)
      const { values, names, length } = given.features
      for (let row = 0; row < length; row++) {
        values[row * names.length] = 7
        values[row * names.length + 1] = NaN
        if (row % 5 < 3) values[row * names.length + 3] = NaN
      }
      const robust = await loadDetector(await train(given))
      const { score, value } = await robust.score(given.features)
      assert.ok(score.every(Number.isFinite) && value!.every(Number.isFinite))
      await robust.close()
    })

    it('finds its features by name where the columns come in another order', async () => {
      const width = fresh.names.length
      const values = Float64Array.from(
        fresh.values,
        (_, i) => fresh.values[i - (i % width) + (width - 1 - (i % width))],
      )
      const turned: FeatureBatch = { ...fresh, names: fresh.names.toReversed(), values }
      assert.deepEqual(await detector.score(turned), await detector.score(fresh))
    })

    it('says how much is missing where nothing is labelled', async () => {
      await assert.rejects(
        train({ ...known, targets: { value: new Float64Array(known.features.length).fill(NaN) } }),
        (error) => {
          assert.ok(hasCode('TRAINING_DATA')(error))
          assert.match((error as Error).message, /gear has \d+ windows .* \d+ more/)
          return true
        },
      )
    })

    it('stops when it is told to', async () => {
      const reason = new Error('told to')
      await assert.rejects(train(known, 1, AbortSignal.abort(reason)), reason)
    })

    it('is refused where a golden vector gives another answer', async () => {
      for (const column of ['scores', 'value', 'upper'] as const) {
        const { golden } = bundle.manifest
        const changed = {
          ...golden,
          [column]: golden[column]!.map((answer) => (answer === null ? null : answer * 1.01 + 0.01)),
        }
        const wrong = { ...bundle, manifest: { ...bundle.manifest, golden: changed } }
        await assert.rejects(loadDetector(wrong), hasCode('MODEL_MISMATCH'))
      }
    })

    it('is refused where model.onnx is damaged or cut off, or the features are not made', async () => {
      await assert.rejects(loadDetector({ ...bundle, onnx: bundle.onnx.slice(0, 100) }), hasCode('MODEL_BROKEN'))
      await assert.rejects(loadDetector(bundle, { features: ['other.mean'] }), hasCode('MODEL_MISMATCH'))
    })
  })
}
