import assert from 'node:assert/strict'
import type { FeatureBatch } from '../../../agent/core/index.ts'
import { bestOf } from '../../../models/anomaly/choose.ts'
import { loadDetector, modelConfig, trainModel, type TrainingContext } from '../../../models/index.ts'
import { random, synthetic } from '../synthetic.ts'

function train(features: FeatureBatch, settings: object = {}, labels?: Float64Array, context?: TrainingContext) {
  const input = { monitor: 'm', features, created: 0, ...(labels && { targets: { value: labels } }) }
  return trainModel(modelConfig.parse({ type: 'anomaly', ...settings }), input, context)
}

async function alarmRate(bundle: Awaited<ReturnType<typeof train>>, features: FeatureBatch): Promise<number> {
  const detector = await loadDetector(bundle)
  const { score, threshold } = await detector.score(features)
  await detector.close()
  return score.filter((value, row) => value > threshold[row]).length / features.length
}

const labelled = (length: number, from: number, to: number, label: number) =>
  new Float64Array(length).fill(NaN).fill(label, from, to)

describe('anomaly training', () => {
  const verdict = (youden: number) => ({ detection: youden, false_alarms: 0, youden })

  for (const { pca, network, best } of [
    { pca: 0.5, network: 0.5, best: 'hotelling-t2' },
    { pca: 0.54, network: 0.3, best: 'hotelling-t2' },
    { pca: 0.6, network: 0.3, best: 'pca' },
    { pca: 0.6, network: 0.7, best: 'autoencoder' },
    { pca: NaN, network: 0.4, best: 'hotelling-t2' },
  ] as const) {
    it(`chooses ${best} where T² reaches .5, principal components ${pca} and the network ${network}`, () => {
      const verdicts = new Map([
        ['hotelling-t2', verdict(0.5)],
        ['pca', verdict(pca)],
        ['autoencoder', verdict(network)],
      ] as const)
      assert.equal(bestOf(verdicts), best)
    })
  }

  it('reports what it tried on held-out data, and why it left a method out', async () => {
    const { report, manifest } = await train(synthetic({ length: 400 }))
    assert.ok(report)
    const [t2, pca, network] = report.candidates
    for (const { validation } of [t2, pca]) assert.ok(validation.detection > 0.3 && validation.false_alarms < 0.1)
    assert.match(network.note!, /needs 1000 windows/)
    assert.equal(report.candidates.filter(({ chosen }) => chosen).length, 1)
    assert.match(report.figures.scores, /^<svg .*<\/svg>\n$/s)
    assert.equal(report.data.used, manifest.training.used)
    assert.ok(report.seconds > 0 && report.peakMemory > 1e7)
    assert.equal(report.backend, 'none')
  })

  it('begins no method that the budget has no time for', async () => {
    const { report } = await train(synthetic({ length: 1200 }), {}, undefined, { budget: 1 })
    const [, pca, network] = report!.candidates
    for (const { note } of [pca, network]) assert.match(note!, /time budget/)
  })

  it('reports the curve and the backend of a network', async () => {
    const { report, card } = await train(synthetic({ length: 300 }), { method: 'autoencoder' })
    assert.ok(['tfjs-node', 'wasm', 'cpu'].includes(report!.backend))
    assert.ok(report!.scalars.some(({ tag, step }) => tag === 'autoencoder/validation-loss' && step > 0))
    assert.match(card, /neural network/)
  })

  it('tells how far it is, and stops between two fits', async () => {
    const shares: number[] = []
    await train(synthetic({ length: 200 }), {}, undefined, { progress: (share) => shares.push(share) })
    assert.ok(shares.length > 5)
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    )
    assert.equal(shares.at(-1), 1)
    const controller = new AbortController()
    const reason = new Error('told to')
    const progress = () => controller.abort(reason)
    await assert.rejects(train(synthetic({ length: 200 }), {}, undefined, { progress, signal: controller.signal }), reason) // prettier-ignore
  })

  it('never learns a window that is labelled as faulty', async () => {
    const fault = { from: 100, to: 900, size: 6 }
    const dirty = synthetic({ length: 1200, fault })
    const sick = synthetic({ length: 300, seed: 4, fault: { from: 0, to: 300, size: 6 } })
    const settings = { method: 'hotelling-t2' }
    assert.ok((await alarmRate(await train(dirty, settings), sick)) < 0.5)
    const bundle = await train(dirty, settings, labelled(1200, 100, 900, 1))
    assert.ok((await alarmRate(bundle, sick)) > 0.9)
    assert.deepEqual(bundle.report!.exclusions, [{ reason: 'labelled as faulty', rows: 800 }])
  })

  it('learns what looked like a fault where an operator said that it was none', async () => {
    const odd = synthetic({ length: 1000, seed: 3, fault: { from: 600, to: 700, size: 12 } })
    const again = synthetic({ length: 100, seed: 5, fault: { from: 0, to: 100, size: 12 } })
    const settings = { method: 'hotelling-t2' }
    const [plain, told] = [await train(odd, settings), await train(odd, settings, labelled(1000, 600, 700, 0))]
    assert.equal(plain.manifest.training.used, 900)
    assert.equal(told.manifest.training.used, 1000)
    const rates = [await alarmRate(plain, again), await alarmRate(told, again)]
    assert.ok(rates[0] === 1 && rates[1] < 0.2, rates.join(', '))
  })

  for (const method of ['hotelling-t2', 'pca', 'autoencoder']) {
    it(`is more sensitive or quieter as it is asked to with ${method}`, async () => {
      const thresholds: number[] = []
      for (const settings of [{}, { sensitivity: 2 }, { quiet: true }]) {
        const { manifest } = await train(synthetic({ length: 400, seed: 6 }), { method, ...settings })
        thresholds.push(manifest.metrics.threshold)
      }
      assert.equal(thresholds[1], thresholds[0] / 2)
      assert.ok(thresholds[2] >= thresholds[0])
    })
  }

  it('says what is poor about the data', async () => {
    const features = synthetic({ length: 60, tags: 50 })
    const width = features.names.length
    const next = random(2)
    for (let at = 0; at < features.values.length; at += width) {
      features.values[at] = NaN
      features.values[at + 2] = 5
      for (let column = 60; column < width - 10; column++) if (next() < 0.8) features.values[at + column] = NaN
    }
    const { report } = await train(features)
    const notes = report!.notes.join('\n')
    assert.match(notes, /Left out, because mostly missing: tag0.mean \(100 % of the windows\)/)
    assert.match(notes, /never changed: tag1.mean/)
    assert.match(notes, /mostly missing:.* tag30.mean \((7|8)\d % of the windows\)/)
    assert.match(notes, /fewer windows than features/)
  })
})
