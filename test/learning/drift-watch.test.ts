import assert from 'node:assert/strict'
import { encode, decode } from 'cbor-x'
import { silentMetrics, type Detector, type FeatureBatch, type Scores } from '../../agent/core/index.ts'
import { DriftWatch } from '../../agent/learning/drift-watch.ts'
import { distributionOf } from '../../models/drift.ts'
import { seededRandom } from '../../models/random.ts'

const names = ['vibration.mean', 'temperature.mean']
const learned = 400

/** Windows whose vibration lies about `level`; scores about 1, with a threshold of 4. */
function windows(count: number, { level = 0, score = 1, seed = 1 } = {}): { features: FeatureBatch; scores: Scores } {
  const random = seededRandom(seed)
  const values = Float64Array.from({ length: count * 2 }, (_, i) => random.normal() + (i % 2 === 0 ? level : 50))
  const end = Float64Array.from({ length: count }, (_, row) => row * 1000)
  return {
    features: {
      length: count,
      names,
      values,
      asset: Array.from({ length: count }, () => 'pump1'),
      start: end.map((time) => time - 1000),
      end,
      coverage: new Float64Array(count).fill(1),
      revision: new Uint16Array(count).fill(1),
    },
    scores: {
      score: Float64Array.from({ length: count }, () => score + 0.3 * random.normal()),
      threshold: new Float64Array(count).fill(4),
      contributions: new Float64Array(0),
      tags: [],
      value: Float64Array.from({ length: count }, () => 10),
    },
  }
}

const detector: Detector = {
  version: 'a',
  kind: 'anomaly',
  inputs: names,
  distribution: distributionOf(windows(learned).features.values, 2),
  score: () => Promise.reject(new Error('not asked here')),
  close: () => Promise.resolve(),
}

function watching(): DriftWatch {
  const watch = new DriftWatch({ monitor: 'm', metrics: silentMetrics, overlap: 1 })
  watch.begin(detector)
  return watch
}

const all = () => true
const feed = (watch: DriftWatch, { features, scores }: ReturnType<typeof windows>) => watch.take(features, scores, all)

describe('drift watch', () => {
  it('finds nothing while windows are as in training', () => {
    const watch = watching()
    feed(watch, windows(5_000, { seed: 2 }))
    assert.equal(watch.found, undefined)
  })

  it('names the feature that has another distribution', () => {
    const watch = watching()
    feed(watch, windows(1_500, { seed: 3, level: 1.5 }))
    assert.match(watch.found!, /^vibration\.mean has another distribution/)
  })

  it('notices that the scores of sound windows have risen', () => {
    const watch = watching()
    feed(watch, windows(300, { seed: 4 }))
    feed(watch, windows(300, { seed: 5, score: 2.5 }))
    assert.match(watch.found!, /mean of the scores has changed/)
  })

  it('does not take a fault for drift', () => {
    const watch = watching()
    feed(watch, windows(250, { seed: 4 }))
    feed(watch, windows(300, { seed: 5, score: 9 }))
    assert.equal(watch.found, undefined)
  })

  it('notices that estimates deviate from what is measured', () => {
    const watch = watching()
    const random = seededRandom(9)
    const { features, scores } = windows(400)
    watch.take(features, scores, all)
    const measure = (row: number, value: number) =>
      watch.label({ type: 'label', label: 'value', time: row * 1000, asset: 'pump1', value, by: 'lab' })
    for (let row = 0; row < 200; row++) measure(row, 10 + random.normal())
    assert.equal(watch.found, undefined)
    for (let row = 200; row < 400; row++) measure(row, 14 + random.normal())
    assert.match(watch.found!, /deviations from measured values/)
  })

  it('goes on from its saved state as if it had never stopped, and starts anew with another model', () => {
    const [whole, half] = [watching(), watching()]
    const parts = [windows(350, { seed: 6 }), windows(350, { seed: 7, level: 0.6 })]
    for (const part of parts) feed(whole, part)
    feed(half, parts[0])
    const resumed = new DriftWatch({ monitor: 'm', metrics: silentMetrics, overlap: 1 })
    resumed.load(decode(encode(half.save())) as ReturnType<DriftWatch['save']>)
    resumed.begin(detector)
    feed(resumed, parts[1])
    assert.deepEqual(resumed.save(), whole.save())
    whole.begin(detector)
    assert.equal(whole.found, undefined)
  })
})
