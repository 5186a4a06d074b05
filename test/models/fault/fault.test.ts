import assert from 'node:assert/strict'
import { DetectorError } from '../../../agent/core/index.ts'
import { loadDetector, modelConfig, trainModel, type ModelBundle, type TrainingInput } from '../../../models/index.ts'
import { seededRandom } from '../../../models/random.ts'
import { pick } from '../synthetic.ts'
import { classes, plant } from './plant.ts'

const train = (input: TrainingInput, budget?: number) =>
  trainModel(modelConfig.parse('fault'), input, budget === undefined ? {} : { budget })

/** No further candidate than the first: enough where only the handling of data matters. */
const quickly = (input: TrainingInput) => train(input, 0)

async function shareRight(bundle: ModelBundle, { features, targets }: ReturnType<typeof plant>): Promise<number> {
  const detector = await loadDetector(bundle)
  const { label, classes: names } = await detector.score(features)
  await detector.close()
  const truth = Array.from(targets.value, (code) => classes[code])
  return truth.filter((name, row) => names![label![row]] === name).length / truth.length
}

describe('fault model', function () {
  describe('on faults that only pairs of features show', () => {
    const input = plant({ length: 600, assets: 6 })
    let bundle: ModelBundle

    before(async () => {
      bundle = await train(input)
    })

    it('tells them apart on windows that it has not seen', async () => {
      const right = await shareRight(bundle, plant({ length: 300, assets: 3, seed: 2 }))
      assert.ok(right > 0.9, `${right} right`)
    })

    it('finds the difference and the product by itself, and says so', () => {
      const notes = bundle.report!.notes.join('\n')
      assert.match(notes, /inlet\.mean − outlet\.mean/)
      assert.match(notes, /torque\.mean × speed\.mean/)
      const validation = (name: RegExp) => bundle.report!.candidates.find((one) => name.test(one.name))!.validation
      assert.ok(validation(/^gradient-boosting$/).f1 < bundle.manifest.metrics.f1)
    })

    it('names the tags of a fault', async () => {
      const unseen = plant({ length: 300, seed: 3 })
      const detector = await loadDetector(bundle)
      const { contributions, tags, label } = await detector.score(unseen.features)
      await detector.close()
      const rows = Array.from(label!.keys()).filter((row) => label![row] === 2 && unseen.targets.value[row] === 2)
      assert.ok(rows.length > 10)
      const named = rows.filter((row) => {
        const shares = contributions.subarray(row * tags.length, (row + 1) * tags.length)
        return ['torque', 'speed'].includes(tags[shares.indexOf(Math.max(...shares))])
      })
      assert.ok(named.length > 0.8 * rows.length, `${named.length} of ${rows.length}`)
    })

    it('gives probabilities that are right as often as they say', async () => {
      const unseen = plant({ length: 2000, assets: 3, seed: 4 })
      const detector = await loadDetector(bundle)
      const { score } = await detector.score(unseen.features)
      await detector.close()
      const expected = score.reduce((sum, value) => sum + value, 0)
      const found = unseen.targets.value.filter((code) => code > 0).length
      assert.ok(Math.abs(expected - found) < 0.12 * found, `${expected} expected, ${found} found`)
    })

    it('reports how it was chosen: held out by asset, candidates, confusion', () => {
      const { split, candidates, confusion, figures, data } = bundle.report!
      assert.match(split, /groups of assets/)
      assert.equal(candidates.filter(({ chosen }) => chosen).length, 1)
      assert.ok(candidates.some(({ name }) => name.startsWith('mlp')))
      assert.equal(
        confusion!.matrix.flat().reduce((a, b) => a + b),
        600,
      )
      assert.deepEqual(confusion!.classes, classes)
      assert.match(figures.confusion, /^<svg[^]*overload[^]*<\/svg>\s*$/)
      assert.equal(
        Object.values(data.classes!).reduce((a, b) => a + b),
        600,
      )
    })

    it('changes nothing of what it is given', async () => {
      const copy = structuredClone(input)
      await quickly(input)
      assert.deepEqual(input, copy)
    })
  })

  it('gives the same bytes for the same data', async () => {
    const one = await train(plant({ length: 120, shares: [0.3, 0] }))
    const two = await train(plant({ length: 120, shares: [0.3, 0] }))
    assert.deepEqual(two.onnx, one.onnx)
    assert.deepEqual(two.manifest, one.manifest)
  })

  it('scores a row the same whatever rows are scored with it, and none without a value', async () => {
    const input = plant({ length: 300, missing: 0.2 })
    const bundle = await quickly(input)
    const detector = await loadDetector(bundle)
    const whole = await detector.score(input.features)
    for (const part of [[5], [200, 5, 17], Array.from({ length: 131 }, (_, row) => row * 2)]) {
      const { score, label } = await detector.score(pick(input.features, part))
      part.forEach((row, i) => {
        assert.ok(Object.is(score[i], whole.score[row]))
        assert.equal(label![i], whole.label![row])
      })
    }
    const empty = pick(input.features, [0])
    empty.values.fill(NaN)
    const { score, label } = await detector.score(empty)
    assert.deepEqual([score[0], label![0]], [NaN, -1])
    await detector.close()
  })

  it('finds a rare fault', async () => {
    const rare = plant({ length: 1500, shares: [0.02, 0] })
    const bundle = await train(rare)
    assert.ok(bundle.manifest.metrics.f1 > 0.6, `F1 ${bundle.manifest.metrics.f1}`)
    assert.ok(bundle.manifest.metrics['pr-auc'] > 0.6)
  })

  describe('on parts that are of one of seven defects', () => {
    const names = ['normal', 'pastry', 'scratch', 'dirt', 'bump', 'stain', 'crack', 'other']

    /** Each defect around a place of its own, some of them near each other, the first four times as frequent. */
    function parts(
      length: number,
      seed: number,
    ): TrainingInput & { readonly targets: { readonly value: Float64Array } } {
      const places = seededRandom(7)
      const centre = names.map(() => Array.from({ length: 6 }, () => 1.3 * places.normal()))
      const { uniform, normal } = seededRandom(seed)
      const value = Float64Array.from({ length }, () => (uniform() < 0.35 ? 1 : 1 + Math.floor(7 * uniform())))
      const { features } = plant({ length, noise: 2, seed })
      const values = Float64Array.from(value).reduce<number[]>((all, code) => [...all, ...centre[code].map((at) => at + normal())], []) // prettier-ignore
      return { monitor: 'parts', created: 0, features: { ...features, values: Float64Array.from(values) }, targets: { value, classes: names } } // prettier-ignore
    }
    const unseen = parts(400, 2)
    const rightOf = async (bundle: ModelBundle) => {
      const detector = await loadDetector(bundle)
      const scores = await detector.score(unseen.features)
      await detector.close()
      const told = Array.from(scores.label!, (code) => scores.classes![code])
      return { told, scores, share: told.filter((name, row) => name === names[unseen.targets.value[row]]).length / 400 }
    }

    let bundle: ModelBundle
    before(async () => {
      bundle = await quickly(parts(450, 1))
    })

    it('names the likeliest, without a sound state', async () => {
      assert.deepEqual(bundle.manifest.classes, names.slice(1))
      const { share, scores, told } = await rightOf(bundle)
      assert.ok(share > 0.68, `${share} right`)
      assert.ok(Math.abs(share - bundle.manifest.metrics.accuracy) < 0.1)
      assert.ok(scores.score.every((score, row) => score > scores.threshold[row]))
      assert.equal(new Set(told).size, 7)
      assert.match(bundle.card, /there was no sound state/)
      assert.match(bundle.report!.notes.join(' '), /No window of the sound state "normal" was labelled/)
    })

    it('names a dear one sooner', async () => {
      const settings = modelConfig.parse({ type: 'fault', costs: { crack: 20, craks: 2 } })
      const dear = await trainModel(settings, parts(450, 1), { budget: 0 })
      assert.match(dear.report!.notes.join(' '), /names craks, which no learned class is called/)
      const [before, after] = [await rightOf(bundle), await rightOf(dear)]
      const cracks = (told: readonly string[]) => told.filter((name) => name === 'crack').length
      assert.ok(cracks(after.told) > 1.3 * cracks(before.told), `${cracks(before.told)} to ${cracks(after.told)}`)
      assert.ok(after.told.every((name, row) => before.told[row] !== 'crack' || name === 'crack'))
    })
  })

  it('takes the sound state where it is likelier than any single fault', async () => {
    const input = plant({ length: 400, shares: [0.3, 0.3] })
    const bundle = await quickly(input)
    const { confusion } = bundle.report!
    assert.equal(bundle.manifest.calibration.pooled.threshold, 0.5)
    const right = confusion!.matrix.reduce((sum, row, code) => sum + row[code], 0) / 400
    assert.ok(Math.abs(right - bundle.manifest.metrics.accuracy) < 1e-12)
  })

  const refusals: [string, () => TrainingInput, RegExp][] = [
    ['no labels', () => ({ ...plant({ length: 100 }), targets: undefined }), /no labelled windows/],
    ['one class only', () => plant({ length: 100, shares: [0, 0] }), /one class only.*normal: 100/],
    ['too few windows', () => plant({ length: 40, shares: [0.3, 0.3] }), /40 labelled windows, and needs 50: 10 more/],
    ['only windows without values', () => plant({ length: 100, missing: 1 }), /no labelled windows/],
  ]
  for (const [what, make, message] of refusals) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(quickly(make()), (error: unknown) => {
        assert.ok(error instanceof DetectorError)
        assert.equal(error.code, 'TRAINING_DATA')
        assert.match(error.message, message)
        assert.match(error.remedy!, /millwright label/)
        return true
      })
    })
  }

  it('leaves out a class with a single window, and says so', async () => {
    const input = plant({ length: 300, shares: [0.2, 0] })
    input.targets.value[7] = 2
    const { manifest, report } = await quickly(input)
    assert.deepEqual(manifest.classes, ['normal', 'cavitation'])
    assert.deepEqual(report!.exclusions, [{ reason: 'class overload has fewer than 5 windows', rows: 1 }])
  })

  it('leaves out windows without a label', async () => {
    const input = plant({ length: 300, shares: [0.2, 0] })
    input.targets.value.fill(NaN, 0, 40)
    const { manifest, report } = await quickly(input)
    assert.equal(manifest.training.used, 260)
    assert.deepEqual(report!.exclusions, [{ reason: 'no label', rows: 40 }])
  })

  it('names features that never had a value or never changed', async () => {
    const input = plant({ length: 300, noise: 2 })
    const width = input.features.names.length
    for (let row = 0; row < 300; row++) {
      input.features.values[row * width + 4] = NaN
      input.features.values[row * width + 5] = 7
    }
    const { report } = await quickly(input)
    assert.ok(report!.notes.includes('Never had a value: noise0.mean.'))
    assert.ok(report!.notes.includes('Never changed: noise1.mean.'))
  })

  it('learns with 60 % of the values missing, and says how many are in the windows that have any', async () => {
    const { report, manifest } = await quickly(plant({ length: 1500, missing: 0.6 }))
    assert.ok(report!.notes.some((note) => /^5\d % of the feature values are missing/.test(note)))
    assert.ok(manifest.metrics['pr-auc'] > 0.3, `PR-AUC ${manifest.metrics['pr-auc']} where chance is .2`)
  })

  it('warns of fewer windows than features', async () => {
    const { report } = await quickly(plant({ length: 60, noise: 80, shares: [0.3, 0] }))
    assert.ok(report!.notes.some((note) => /Fewer windows \(60\) than features \(84\)/.test(note)))
  })

  it('says that it is no better than chance where labels have nothing to do with the features', async () => {
    const input = plant({ length: 400, shares: [0.2, 0], seed: 5 })
    const unrelated = plant({ length: 400, shares: [0.2, 0], seed: 6 }).targets
    const { report } = await quickly({ ...input, targets: unrelated })
    assert.ok(report!.notes.some((note) => /hardly better than chance/.test(note)))
  })

  it('holds out in time where there are few assets, and within classes where a fault came once', async () => {
    const spread = await quickly(plant({ length: 200, shares: [0.2, 0] }))
    assert.match(spread.report!.split, /^5 blocks of time, each/)
    const once = plant({ length: 300, shares: [0, 0] })
    once.targets.value.fill(1, 100, 112)
    const { report } = await quickly(once)
    assert.match(report!.split, /within each class/)
  })

  it('begins no further candidate when its budget is used up, and says which were left', async () => {
    const { report } = await train(plant({ length: 300 }), 0)
    assert.equal(report!.candidates.length, 1)
    assert.ok(report!.notes.some((note) => /^The time budget left these untried: .*mlp/.test(note)))
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    const training = trainModel(modelConfig.parse('fault'), plant({ length: 300 }), {
      signal: stop.signal,
      progress: (_, step) => {
        if (step.includes('derived')) stop.abort()
      },
    })
    await assert.rejects(training, { name: 'AbortError' })
  })
})
