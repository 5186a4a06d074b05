import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { DetectorError, type Detector, type ErrorCode, type FeatureBatch } from '../../agent/core/index.ts'
import {
  kindOf,
  learns,
  loadDetector,
  modelConfig,
  modelTypes,
  Registry,
  trainModel,
  type ModelBundle,
} from '../../models/index.ts'
import { pick, random, synthetic } from '../models/synthetic.ts'

const assets = ['pump1', 'pump2', 'pump3']
const healthy = synthetic({ length: 900, assets })
const fresh = synthetic({ length: 300, assets: [...assets, 'stranger'], seed: 5 })

const hasCode = (code: ErrorCode) => (error: unknown) => error instanceof DetectorError && error.code === code
const rows = (length: number) => Array.from({ length }, (_, row) => row)

/** Every model that the agent trains itself has to pass this before its own tests count. */
const variants: Record<string, unknown> = {
  ...Object.fromEntries(Object.keys(modelTypes).map((type) => [type, type])),
  'anomaly, pca': { type: 'anomaly', method: 'pca' },
  'anomaly, autoencoder': { type: 'anomaly', method: 'autoencoder' },
  'anomaly, modes': { type: 'anomaly', modes: 'auto' },
}

for (const [type, given] of Object.entries(variants)) {
  const settings = modelConfig.safeParse(given).data
  // Models that need labels: regressions.test.ts, ../models/fault.
  if (!settings || !learns(settings) || kindOf(settings) !== 'anomaly') continue
  const train = (features: FeatureBatch, created = 1) =>
    trainModel(settings, { monitor: 'pump-health', features, created })

  describe(`detector ${type}`, () => {
    let bundle: ModelBundle
    let detector: Detector

    before(async () => {
      bundle = await train(healthy)
      detector = await loadDetector(bundle)
    })
    after(() => detector.close())

    it('changes neither the training data nor the rows it scores', async () => {
      const features = synthetic({ length: 300 })
      const before = structuredClone(features)
      await train(features)
      await detector.score(features)
      assert.deepEqual(features, before)
    })

    it('trains the same bytes from the same data, whenever it is trained', async () => {
      const again = await train(structuredClone(healthy))
      assert.deepEqual({ ...again, report: undefined }, { ...bundle, report: undefined })
      const later = await train(healthy, 999)
      assert.deepEqual({ ...later.manifest, created: 1 }, bundle.manifest)
      assert.deepEqual(later.onnx, bundle.onnx)
    })

    it('reads what its manifest names, and says its version', () => {
      assert.deepEqual(detector.inputs, healthy.names)
      assert.equal(detector.version, bundle.manifest.version)
    })

    it('scores the same after it was saved and loaded', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'millwright-detector-'))
      try {
        const registry = new Registry(folder)
        const stored = await registry.load('pump-health', await registry.register(bundle))
        const loaded = await loadDetector(stored)
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
            const { score, threshold, contributions, tags } = await detector.score(pick(fresh, part))
            part.forEach((row, i) => {
              assert.ok(Object.is(score[i], whole.score[row]), `row ${row}: ${score[i]} is not ${whole.score[row]}`)
              assert.equal(threshold[i], whole.threshold[row])
              for (let tag = 0; tag < tags.length; tag++) {
                assert.ok(Object.is(contributions[i * tags.length + tag], whole.contributions[row * tags.length + tag]))
              }
            })
          }
        }),
        { numRuns: 30 },
      )
    })

    it('scores concurrent calls as it scores them one by one', async () => {
      const parts = [rows(10), rows(300), rows(77)].map((part) => pick(fresh, part))
      const together = await Promise.all(parts.map((part) => detector.score(part)))
      for (const [i, part] of parts.entries()) assert.deepEqual(together[i], await detector.score(part))
    })

    it('has no opinion on a row without a value, and one on a row with some missing', async () => {
      const width = fresh.names.length
      const holes = pick(fresh, [0, 0, 0])
      holes.values.fill(NaN, 0, width)
      holes.values[width] = NaN
      holes.values[2 * width] = Infinity
      const { score, threshold, contributions, tags } = await detector.score(holes)
      assert.ok(Number.isNaN(score[0]))
      assert.ok(Number.isFinite(score[1]))
      assert.equal(score[2], score[1])
      assert.ok(threshold.every((value) => value > 0))
      assert.ok(contributions.subarray(0, tags.length).every((value) => value === 0))
    })

    it('stays finite on absurd values', async () => {
      const absurd = pick(fresh, [0, 1])
      absurd.values.fill(1e300, 0, 2)
      absurd.values[fresh.names.length] = -Number.MAX_VALUE
      const { score, threshold } = await detector.score(absurd)
      score.forEach((value, row) => assert.ok(Number.isFinite(value) && value > threshold[row]))
    })

    it('scores nothing for no rows', async () => {
      assert.equal((await detector.score(pick(fresh, []))).score.length, 0)
    })

    it('tells a fault from health far better than chance, and names its tag', async () => {
      const fault = { from: 0, to: 300, size: 4 }
      const sick = await detector.score(synthetic({ length: 300, assets, seed: 8, fault }))
      const well = await detector.score(synthetic({ length: 300, assets, seed: 9 }))
      const alarms = ({ score, threshold }: typeof sick) => score.filter((value, row) => value > threshold[row]).length
      assert.ok(alarms(sick) > 270, `${alarms(sick)} of 300 found`)
      assert.ok(alarms(well) < 30, `${alarms(well)} of 300 false`)
      const { contributions, tags } = sick
      const named = rows(300).filter((row) => {
        const shares = contributions.subarray(row * tags.length, (row + 1) * tags.length)
        return shares.indexOf(Math.max(...shares)) === tags.indexOf('tag0')
      })
      assert.ok(named.length > 270, `${named.length} of 300 explained`)
    })

    it('trains on data with missing values, constant and dead features', async () => {
      const features = synthetic({ length: 300 })
      const width = features.names.length
      const next = random(3)
      for (let row = 0; row < features.length; row++) {
        features.values[row * width] = 7
        features.values[row * width + 1] = NaN
        if (next() < 0.2) features.values[row * width + 2] = NaN
      }
      const robust = await loadDetector(await train(features))
      const { score } = await robust.score(features)
      assert.ok(score.every(Number.isFinite))
      await robust.close()
    })

    it('trains on fewer rows than features', async () => {
      const wide = synthetic({ length: 60, tags: 50 })
      const model = await loadDetector(await train(wide))
      assert.ok((await model.score(wide)).score.every(Number.isFinite))
      await model.close()
    })

    it('says how much data is missing', async () => {
      await assert.rejects(train(synthetic({ length: 3 })), (error: unknown) => {
        assert.ok(error instanceof DetectorError)
        assert.equal(error.code, 'TRAINING_DATA')
        assert.match(error.message, /pump-health has 3 windows .* \d+ more/)
        assert.ok(error.remedy)
        return true
      })
    })

    it('stops when it is told to', async () => {
      const reason = new Error('told to')
      const input = { monitor: 'pump-health', features: healthy, created: 0 }
      await assert.rejects(trainModel(settings, input, { signal: AbortSignal.abort(reason) }), reason)
    })

    it('is refused where a golden vector gives another answer', async () => {
      const { golden } = bundle.manifest
      const changed = { ...golden, scores: golden.scores.map((score) => score && score * 1.001) }
      const wrong = { ...bundle, manifest: { ...bundle.manifest, golden: changed } }
      await assert.rejects(loadDetector(wrong), hasCode('MODEL_MISMATCH'))
    })

    it('is refused where the scaling is not the one it was trained with', async () => {
      const { calibration } = bundle.manifest
      const pooled = { ...calibration.pooled, mean: calibration.pooled.mean.map((mean) => mean + 1) }
      const wrong = { ...bundle, manifest: { ...bundle.manifest, calibration: { ...calibration, pooled } } }
      await assert.rejects(loadDetector(wrong), hasCode('MODEL_MISMATCH'))
    })

    it('is refused where features have been computed otherwise since its training', async () => {
      const { features } = bundle.manifest
      const old = { ...bundle, manifest: { ...bundle.manifest, features: { ...features, version: 'mean@0' } } }
      await assert.rejects(loadDetector(old), hasCode('MODEL_MISMATCH'))
    })

    it('is refused where model.onnx is damaged, cut off or not ONNX', async () => {
      const flipped = bundle.onnx.slice()
      flipped[flipped.length >> 1] ^= 1
      for (const onnx of [
        flipped,
        bundle.onnx.slice(0, 100),
        new TextEncoder().encode('not a model'),
        new Uint8Array(),
      ]) {
        await assert.rejects(loadDetector({ ...bundle, onnx }), hasCode('MODEL_BROKEN'))
      }
    })

    it('is refused where the monitor lacks its features', async () => {
      const load = loadDetector(bundle, { features: ['other.mean'] })
      await assert.rejects(load, hasCode('MODEL_MISMATCH'))
      await assert.rejects(
        detector.score({ ...fresh, names: fresh.names.map((name) => `x${name}`) }),
        hasCode('MODEL_MISMATCH'),
      )
    })

    it('finds its features by name where the columns come in another order', async () => {
      const width = fresh.names.length
      const turned = Float64Array.from(
        fresh.values,
        (_, i) => fresh.values[i - (i % width) + (width - 1 - (i % width))],
      )
      const names = fresh.names.toReversed()
      assert.deepEqual(await detector.score({ ...fresh, names, values: turned }), await detector.score(fresh))
    })

    it('is refused from a registry folder in which a file was changed', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'millwright-detector-'))
      try {
        const registry = new Registry(folder)
        const version = await registry.register(bundle)
        for (const file of ['manifest.json', 'model.onnx']) {
          await writeFile(join(folder, 'pump-health', version, file), '{}')
          await assert.rejects(registry.load('pump-health', version), hasCode('MODEL_BROKEN'))
        }
      } finally {
        await rm(folder, { recursive: true })
      }
    })
  })
}
