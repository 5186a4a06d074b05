import assert from 'node:assert/strict'
import fc from 'fast-check'
import { seededRandom } from '../../../models/random.ts'
import { fitTrees, meanOfEnsembles, type Matrix, type TreeOptions } from '../../../models/trees/index.ts'

/** Rows whose target is made of their columns. */
function made(rows: number, columns: number, target: (row: Float32Array) => number, seed = 1) {
  const { uniform } = seededRandom(seed)
  const values = Float32Array.from({ length: rows * columns }, uniform)
  const data: Matrix = { rows, columns, values }
  return {
    data,
    target: Float64Array.from({ length: rows }, (_, row) =>
      target(values.subarray(row * columns, (row + 1) * columns)),
    ),
  }
}

const wave = (row: Float32Array) => Math.sin(6 * row[0]) + row[1] * row[2]

function determination(target: Float64Array, answers: Float64Array): number {
  const mean = target.reduce((a, b) => a + b) / target.length
  const rest = target.reduce((sum, value, row) => sum + (value - answers[row]) ** 2, 0)
  return 1 - rest / target.reduce((sum, value) => sum + (value - mean) ** 2, 0)
}

describe('gradient-boosted trees', () => {
  it('learn a curved function of several columns for every objective of quantities', () => {
    const { data, target } = made(1500, 4, wave)
    const unseen = made(500, 4, wave, 2)
    for (const objective of ['squared', 'absolute', 'huber', 'quantile'] as const) {
      const answers = fitTrees(data, target, { objective, trees: 100 }).predict(unseen.data)
      const share = determination(unseen.target, answers)
      assert.ok(share > 0.95, `${objective}: R² ${share}`)
    }
  })

  it('answer with the quantile that they are asked for', () => {
    const noise = seededRandom(7)
    const noisy = made(4000, 2, (row) => row[0] + noise.normal())
    for (const quantile of [0.1, 0.5, 0.9]) {
      const answers = fitTrees(noisy.data, noisy.target, {
        objective: 'quantile',
        quantile,
        trees: 60,
        depth: 3,
      }).predict(made(4000, 2, () => 0, 3).data)
      const truth = made(4000, 2, (row) => row[0] + noise.normal(), 3).target
      const below = truth.filter((value, row) => value <= answers[row]).length / 4000
      assert.ok(Math.abs(below - quantile) < 0.04, `${quantile}: ${below}`)
    }
  })

  it('are not moved by outliers where the objective is robust', () => {
    const { data, target } = made(1000, 2, (row) => row[0])
    const spoiled = target.map((value, row) => (row % 20 === 0 ? 1000 : value))
    for (const objective of ['absolute', 'huber'] as const) {
      const answers = fitTrees(data, spoiled, { objective, delta: 0.1, trees: 100, depth: 3 }).predict(data)
      const errors = Array.from(answers, (answer, row) => Math.abs(answer - target[row])).sort((a, b) => a - b)
      assert.ok(errors[500] < 0.1, `${objective}: median error ${errors[500]}`)
    }
  })

  it('tell classes apart', () => {
    const { data, target } = made(1200, 3, (row) => (row[0] + row[1] > 1 ? (row[2] > 0.5 ? 2 : 1) : 0))
    const margins = fitTrees(data, target, { objective: 'softmax', trees: 40 }).predict(data)
    const right = target.filter((code, row) => {
      const own = margins.subarray(row * 3, row * 3 + 3)
      return own.indexOf(Math.max(...own)) === code
    })
    assert.ok(right.length > 0.98 * 1200)
    const binary = target.map((code) => Math.min(1, code))
    const margin = fitTrees(data, binary, { objective: 'logistic', trees: 40 }).predict(data)
    assert.ok(binary.filter((code, row) => (margin[row] > 0 ? 1 : 0) === code).length > 0.98 * 1200)
  })

  it('see the edge of a rare class as finely as it is, whatever the number of bins', () => {
    const { data, target } = made(20_000, 1, (row) => (row[0] > 0.9983 ? 1 : 0))
    const margins = fitTrees(data, target, { objective: 'logistic', trees: 20, minChildWeight: 0.1, bins: 64 }).predict(
      data,
    )
    const wrong = target.filter((code, row) => (margins[row] > 0 ? 1 : 0) !== code)
    assert.ok(wrong.length <= 1, `${wrong.length} wrong, of ${target.filter((code) => code === 1).length} of the class`)
  })

  it('learn where missing values belong', () => {
    const { data } = made(600, 2, (row) => row[0])
    for (let row = 0; row < 600; row += 3) data.values[row * 2] = NaN
    const target = Float64Array.from({ length: 600 }, (_, row) =>
      row % 3 === 0 ? 5 : data.values[row * 2] > 0.5 ? 5 : 0,
    )
    const answers = fitTrees(data, target, { objective: 'squared', l2: 0 }).predict(data)
    answers.forEach((answer, row) => assert.ok(Math.abs(answer - target[row]) < 1e-3))
  })

  it('give the same trees for the same seed, and others for another where rows are drawn', () => {
    const { data, target } = made(300, 5, wave)
    const fit = (seed: number) =>
      fitTrees(data, target, { objective: 'squared', trees: 10, rowShare: 0.5, columnShare: 0.5, seed }).trees
    assert.deepEqual(fit(3), fit(3))
    assert.notDeepEqual(fit(3), fit(4))
  })

  it('take a row of weight n as n rows', () => {
    const { data, target } = made(60, 2, ([a, b]) => Math.sin(6 * a) + b)
    const weights = Float64Array.from({ length: 60 }, (_, row) => 1 + (row % 3))
    const rows = Array.from(weights).flatMap((weight, row) => new Array<number>(weight).fill(row))
    const repeated = {
      rows: rows.length,
      columns: 2,
      values: Float32Array.from(rows.flatMap((row) => [data.values[row * 2], data.values[row * 2 + 1]])),
    }
    for (const objective of ['squared', 'quantile', 'huber'] as const) {
      const settings = { objective, quantile: 0.3, trees: 5 }
      const weighted = fitTrees(data, target, settings, { weights }).predict(data)
      const doubled = fitTrees(
        repeated,
        Float64Array.from(rows, (row) => target[row]),
        settings,
      ).predict(data)
      weighted.forEach((value, row) => assert.ok(Math.abs(value - doubled[row]) < 1e-5, `${objective} ${row}`))
    }
  })

  it('end at the best round when the validation gets no better', () => {
    const noise = seededRandom(2)
    const noisy = (seed: number) => made(200, 3, (row) => row[0] + noise.normal(), seed)
    const { data, target } = noisy(1)
    const validation = noisy(5)
    const ensemble = fitTrees(data, target, { objective: 'squared', trees: 300, patience: 10 }, { validation })
    const best = ensemble.losses.indexOf(Math.min(...ensemble.losses)) + 1
    assert.equal(ensemble.trees.length, best)
    assert.equal(ensemble.losses.length, best + 10)
  })

  it('say which columns they used', () => {
    const { data, target } = made(400, 4, (row) => 3 * row[2])
    const { importance } = fitTrees(data, target, { objective: 'squared', trees: 5 })
    assert.equal(importance.indexOf(Math.max(...importance)), 2)
  })

  it('hold to their bounds of depth, leaves and weight', () => {
    const bounds = fc.record({
      depth: fc.integer({ min: 1, max: 6 }),
      leaves: fc.integer({ min: 2, max: 20 }),
      minChildWeight: fc.integer({ min: 1, max: 60 }),
      seed: fc.nat(1000),
    })
    fc.assert(
      fc.property(bounds, ({ seed, ...settings }) => {
        const { data, target } = made(200, 3, wave, seed)
        for (const tree of fitTrees(data, target, { objective: 'squared', trees: 3, ...settings }).trees) {
          const counts = new Int32Array(tree.feature.length)
          for (let row = 0; row < 200; row++) {
            let node = 0
            let depth = 0
            for (; tree.feature[node] >= 0; depth++) {
              const goesLeft = data.values[row * 3 + tree.feature[node]] <= tree.threshold[node]
              node = goesLeft ? tree.left[node] : tree.right[node]
            }
            assert.ok(depth <= settings.depth)
            counts[node]++
          }
          const leaves = Array.from(tree.feature.keys()).filter((node) => tree.feature[node] < 0)
          assert.ok(leaves.length <= settings.leaves)
          for (const leaf of leaves) assert.ok(counts[leaf] >= settings.minChildWeight)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('answer as a mean with the mean of the answers', () => {
    const { data, target } = made(200, 3, wave)
    const one = fitTrees(data, target, { objective: 'squared', trees: 5 })
    const two = fitTrees(data, target, { objective: 'absolute', trees: 9 })
    const [a, b, both] = [one, two, meanOfEnsembles([one, two])].map((ensemble) => ensemble.predict(data))
    both.forEach((value, row) => assert.ok(Math.abs(value - (a[row] + b[row]) / 2) < 1e-5))
  })

  it('learn nothing from columns without values, constant columns, one row or one class', () => {
    const cases: [Matrix, Float64Array, TreeOptions['objective'], number][] = [
      [
        { rows: 9, columns: 1, values: new Float32Array(9).fill(NaN) },
        Float64Array.from({ length: 9 }, (_, i) => i),
        'squared',
        4,
      ],
      [
        { rows: 9, columns: 1, values: new Float32Array(9).fill(3) },
        Float64Array.from({ length: 9 }, (_, i) => i),
        'squared',
        4,
      ],
      [{ rows: 1, columns: 2, values: Float32Array.of(1, NaN) }, Float64Array.of(7), 'absolute', 7],
      [made(50, 2, () => 0).data, new Float64Array(50), 'squared', 0],
    ]
    for (const [data, target, objective, answer] of cases) {
      const ensemble = fitTrees(data, target, { objective, trees: 5 })
      ensemble.predict(data).forEach((value) => assert.equal(value, answer))
    }
  })

  it('refuse rows that do not fit together, and targets that are none', () => {
    const { data } = made(3, 2, (row) => row[0])
    assert.throws(
      () => fitTrees(data, Float64Array.of(1, 2), { objective: 'squared' }),
      /3 rows of 2 columns, but 6 values, 2 targets/,
    )
    assert.throws(() => fitTrees(data, Float64Array.of(1, NaN, 2), { objective: 'squared' }), /target NaN of row 1/)
    assert.throws(() => fitTrees(data, Float64Array.of(0, 0.5, 1), { objective: 'logistic' }), /target 0.5 of row 1/)
    assert.throws(
      () => fitTrees(data, Float64Array.of(0, 1, 5), { objective: 'softmax', classes: 3 }),
      /target 5 of row 2/,
    )
  })

  it('stop when they are told to', () => {
    const { data, target } = made(100, 3, wave)
    const stop = new AbortController()
    const rounds: number[] = []
    const progress = (round: number) => {
      rounds.push(round)
      if (round === 3) stop.abort()
    }
    assert.throws(() => fitTrees(data, target, { objective: 'squared' }, { signal: stop.signal, progress }), {
      name: 'AbortError',
    })
    assert.deepEqual(rounds, [1, 2, 3])
  })
})
