import assert from 'node:assert/strict'
import { fitLogistic, probabilitiesOf, type LogisticLesson } from '../../../../models/inspection/transfer/logistic.ts'
import { seededRandom } from '../../../../models/random.ts'

/** Three classes in a plane, with a column that says nothing and one that never varies. */
function lesson(count: number, spread: number): LogisticLesson {
  const random = seededRandom(2)
  const labels = Array.from({ length: count }, (_, i) => i % 3)
  const rows = Float32Array.from(
    labels.flatMap((label) => {
      const angle = (label * 2 * Math.PI) / 3
      const [x, y] = [Math.cos(angle), Math.sin(angle)].map((middle) => 1000 + 10 * (middle + spread * random.normal()))
      return [x, y, random.normal(), 7]
    }),
  )
  return { rows, columns: 4, labels, classes: 3, weights: new Float64Array(count).fill(1) }
}

const right = (own: LogisticLesson) => {
  const model = fitLogistic(own)
  return Array.from(own.labels).filter((label, i) => {
    const shares = probabilitiesOf(model, own.rows.subarray(i * 4, i * 4 + 4))
    return shares.indexOf(Math.max(...shares)) === label
  }).length
}

describe('logistic regression', () => {
  it('tells classes apart from five rows of each', () => assert.equal(right(lesson(15, 0.1)), 15))

  it('gives probabilities that are right as often as they say', () => {
    const own = lesson(3000, 0.8)
    const model = fitLogistic(own)
    const bins = Array.from({ length: 5 }, () => ({ count: 0, sum: 0, hits: 0 }))
    Array.from(own.labels).forEach((label, i) => {
      const share = probabilitiesOf(model, own.rows.subarray(i * 4, i * 4 + 4))[label]
      const other = probabilitiesOf(model, own.rows.subarray(i * 4, i * 4 + 4))[0]
      const bin = bins[Math.min(4, Math.floor(other * 5))]
      bin.count++
      bin.sum += other
      bin.hits += label === 0 ? 1 : 0
      assert.ok(share >= 0 && share <= 1)
    })
    for (const { count, sum, hits } of bins) assert.ok(Math.abs(sum / count - hits / count) < 0.08, JSON.stringify(bins)) // prettier-ignore
  })

  it('counts rows by their weights', () => {
    const own = lesson(300, 1.5)
    const only = Float64Array.from(own.labels, (label) => (label === 1 ? 1 : 1e-6))
    const model = fitLogistic({ ...own, weights: only })
    assert.ok(probabilitiesOf(model, own.rows.subarray(0, 4))[1] > 0.9)
  })

  it('ends when it is told to', () => {
    assert.throws(() => fitLogistic(lesson(30, 1), AbortSignal.abort(new Error('stopped'))), /stopped/)
  })
})
