import assert from 'node:assert/strict'
import type { FeatureBatch } from '../../../agent/core/index.ts'
import { loadDetector, modelConfig, trainModel } from '../../../models/index.ts'
import { fitScaling, trainingRows } from '../../../models/anomaly/scaling.ts'
import { purge } from '../../../models/anomaly/purge.ts'
import { holdOut, rowsByAsset } from '../../../models/anomaly/blocks.ts'
import { synthetic } from '../synthetic.ts'

const subjectOf = (features: FeatureBatch) => ({ data: trainingRows(features).data, seed: 1 })
const everything = (length: number) => Uint32Array.from({ length }, (_, row) => row)

async function train(features: FeatureBatch, settings: object = {}) {
  return trainModel(modelConfig.parse({ type: 'anomaly', method: 'hotelling-t2', ...settings }), {
    monitor: 'm',
    features,
    created: 0,
  })
}

async function alarmRate(training: FeatureBatch, features: FeatureBatch, settings: object = {}): Promise<number> {
  const detector = await loadDetector(await train(training, settings))
  const { score, threshold } = await detector.score(features)
  await detector.close()
  return score.filter((value, row) => value > threshold[row]).length / features.length
}

describe('Hotelling T²', () => {
  it('scales one asset alone by its own mean and standard deviation', () => {
    const features = synthetic({ length: 200 })
    const { data } = trainingRows(features)
    const { mean, scale } = fitScaling(data, everything(data.length))
    for (let column = 0; column < data.size; column++) {
      const values = Array.from({ length: 200 }, (_, row) => features.values[row * data.size + column])
      const centre = values.reduce((sum, value) => sum + value, 0) / 200
      const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / 200)
      for (const at of [column, data.size + column]) {
        assert.ok(Math.abs(mean[at] - centre) < 1e-9)
        assert.ok(Math.abs(scale[at] - spread) < 1e-9)
      }
    }
  })

  it('scales an asset by itself where it has data, an unknown one by how assets differ', () => {
    const assets = ['a', 'b', 'c', 'd']
    const { data } = trainingRows(synthetic({ length: 2000, assets }))
    const { mean, scale, size } = fitScaling(data, everything(data.length))
    const [first, unknown] = [0, assets.length * size]
    assert.ok(Math.abs(mean[first] - 10) < 1, 'the first asset lies at 10')
    assert.ok(Math.abs(mean[unknown] - 85) < 5, 'the class lies in the middle of its assets')
    assert.ok(scale[unknown] > 20 * scale[first], 'an unknown asset may lie anywhere between them')
  })

  it('leaves out windows that share time with a held-out block', () => {
    const features = synthetic({ length: 400 })
    const long = { ...features, end: features.start.map((time) => time + 60_000) }
    const { data } = trainingRows(long)
    const [, fold] = holdOut(data, rowsByAsset(data, everything(data.length)), 4)
    const [held] = fold.held
    const first = data.start[held[0]]
    const last = data.end[held[held.length - 1]]
    assert.equal(held.length, 100)
    assert.ok(fold.rest.length > 250)
    for (const row of fold.rest) assert.ok(data.end[row] + 60_000 < first || data.start[row] - 60_000 > last)
  })

  it('finds a fault that hides in the training data, and drops nothing of clean data', async () => {
    const clean = synthetic({ length: 1000, seed: 3 })
    const fault = { from: 600, to: 690, size: 12 }
    const dirty = synthetic({ length: 1000, seed: 3, fault })
    assert.deepEqual((await purge(subjectOf(clean))).dropped, [])
    const { dropped } = await purge(subjectOf(dirty))
    assert.deepEqual(dropped, [{ asset: 'pump1', from: 6_000_000, to: 7_000_000 }])
    const sick = synthetic({ length: 300, seed: 4, fault: { from: 0, to: 300, size: 4 } })
    assert.ok((await alarmRate(dirty, sick)) > 0.9)
  })

  it('drops at most three tenths of an asset', async () => {
    const { values, ...rest } = synthetic({ length: 1000, fault: { from: 0, to: 450, size: 100 } })
    const { rows } = await purge(subjectOf({ ...rest, values }))
    assert.ok(rows.length >= 700)
  })

  it('alarms more where it is sensitive and less where it is quiet', async () => {
    const training = synthetic({ length: 400, seed: 6 })
    const thresholds = await Promise.all(
      [{}, { sensitivity: 2 }, { quiet: true }].map(
        async (settings) => (await train(training, settings)).manifest.metrics.threshold,
      ),
    )
    assert.equal(thresholds[1], thresholds[0] / 2)
    assert.ok(thresholds[2] >= thresholds[0])
  })

  it('calls few windows of a healthy asset that it never saw an anomaly', async () => {
    const assets = ['a', 'b', 'c', 'd', 'e']
    const training = synthetic({ length: 2000, assets })
    const unseen = synthetic({ length: 500, seed: 12 })
    const moved = { ...unseen, values: unseen.values.map((value) => value + 80), asset: unseen.asset.map(() => 'new') }
    assert.ok((await alarmRate(training, moved)) < 0.1)
  })

  it('gives an asset with few windows a share of what the class knows', async () => {
    const assets = ['a', 'b', 'c', 'd', 'e']
    const all = synthetic({ length: 2000, assets })
    const rare = new Set<number>()
    all.asset.forEach((name, row) => name === 'e' && row > 60 && rare.add(row))
    const kept = Array.from(everything(2000)).filter((row) => !rare.has(row))
    const size = all.names.length
    const few: FeatureBatch = {
      ...all,
      length: kept.length,
      values: Float64Array.from(kept.flatMap((row) => Array.from(all.values.subarray(row * size, (row + 1) * size)))),
      asset: kept.map((row) => all.asset[row]),
      start: Float64Array.from(kept, (row) => all.start[row]),
      end: Float64Array.from(kept, (row) => all.end[row]),
    }
    assert.ok((await alarmRate(few, all)) < 0.1)
  })

  it('does not alarm on noise where nothing moved in training, and does on a change', async () => {
    const training = synthetic({ length: 100 })
    training.values.fill(20)
    const same = { ...training, values: training.values.map((value, i) => value + (i % 7) * 1e-3) }
    const other = { ...training, values: training.values.map((value) => value * 1.5) }
    assert.equal(await alarmRate(training, same), 0)
    assert.equal(await alarmRate(training, other), 1)
  })

  it('describes itself in words', async () => {
    const { card } = await train(synthetic({ length: 1000, seed: 3, fault: { from: 600, to: 690, size: 12 } }))
    assert.match(card, /^# What is normal for m\n/)
    assert.match(card, /900 of 1000 windows/)
    assert.match(card, /pump1: 1970-01-01T01:40:00.000Z to 1970-01-01T01:56:40.000Z/)
  })
})
