import assert from 'node:assert/strict'
import { distributionOf, PageHinkley, pageHinkleyState, psiState, StabilityIndex } from '../../models/drift.ts'
import { seededRandom } from '../../models/random.ts'

/** Values around 0 with a standard deviation of 1, and around `shift` from the 500th on. */
function stream(shift: number, length = 1000, seed = 3): number[] {
  const random = seededRandom(seed)
  return Array.from({ length }, (_, i) => random.normal() + (i < 500 ? 0 : shift))
}

/** Index at which the change is noticed; -1: never. */
function noticed(values: readonly number[], settings: ConstructorParameters<typeof PageHinkley>[0] = {}): number {
  const test = new PageHinkley(settings)
  return values.findIndex((value) => test.add(value))
}

describe('Page-Hinkley test', () => {
  for (const { shift, within } of [
    { shift: 0.5, within: 300 },
    { shift: 1, within: 100 },
    { shift: 3, within: 30 },
  ]) {
    it(`notices a shift by ${shift} within ${within} values`, () => {
      const at = noticed(stream(shift))
      assert.ok(at >= 500 && at < 500 + within, `at ${at}`)
    })
  }

  it('does not alarm where nothing changes', () => {
    for (let seed = 1; seed <= 10; seed++) assert.equal(noticed(stream(0, 5000, seed), { both: true }), -1)
  })

  it('notices a fall only where it is asked to', () => {
    assert.equal(noticed(stream(-1)), -1)
    assert.ok(noticed(stream(-1), { both: true }) > 500)
  })

  it('counts in the units of the stream', () => {
    assert.equal(
      noticed(
        stream(1).map((value) => value * 1e3),
        { scale: 1e3 },
      ),
      noticed(stream(1)),
    )
  })

  it('does not mind values that are missing', () => {
    const values = stream(1)
    const test = new PageHinkley()
    const other = new PageHinkley()
    for (const value of values) {
      test.add(value)
      other.add(NaN)
      other.add(value)
      other.add(Infinity)
    }
    assert.deepEqual(other.state, test.state)
  })

  it('continues from its state to the bit', () => {
    const values = stream(1)
    const whole = new PageHinkley()
    const half = new PageHinkley()
    values.forEach((value) => whole.add(value))
    values.slice(0, 300).forEach((value) => half.add(value))
    const rest = new PageHinkley({}, pageHinkleyState.parse(JSON.parse(JSON.stringify(half.state))))
    values.slice(300).forEach((value) => rest.add(value))
    assert.deepEqual(rest.state, whole.state)
  })
})

/** Rows of two features: one about 100 with a spread of 10, the other always missing or, from row `from` on, 3. */
function rows(length: number, { shift = 0, seed = 1 } = {}): Float64Array {
  const random = seededRandom(seed)
  return Float64Array.from({ length: 2 * length }, (_, i) => (i % 2 === 0 ? 100 + 10 * (random.normal() + shift) : NaN))
}

function indices(values: Float64Array, memory = 500): Float64Array {
  const index = new StabilityIndex(distributionOf(rows(2000), 2), memory)
  for (let at = 0; at < values.length; at += 2) index.add(values, at)
  return index.indices
}

describe('population stability index', () => {
  it('is small for the same distribution and large for one that moved', () => {
    assert.ok(indices(rows(1000, { seed: 2 }))[0] < 0.05)
    const [moved] = indices(rows(1000, { seed: 2, shift: 0.5 }))
    assert.ok(moved > 0.15 && moved < 0.5, `${moved}`)
    assert.ok(indices(rows(1000, { seed: 2, shift: 2 }))[0] > 1)
  })

  it('is large for a feature that was missing and is no longer, or the other way about', () => {
    assert.equal(indices(rows(500))[1], 0)
    assert.ok(indices(rows(500).map((value, i) => (i % 2 === 1 ? 3 : value)))[1] > 1)
    assert.ok(indices(rows(500).fill(NaN))[0] > 1)
  })

  it('forgets what is long past', () => {
    const both = Float64Array.of(...rows(1000, { shift: 3 }), ...rows(3000, { seed: 4 }))
    assert.ok(indices(both, 300)[0] < 0.1)
  })

  it('says nothing before the first row', () => {
    assert.ok(indices(new Float64Array(0)).every(Number.isNaN))
  })

  it('knows a feature that took few values', () => {
    const codes = Float64Array.from({ length: 300 }, (_, i) => i % 3)
    const { edges, shares } = distributionOf(codes, 1)
    assert.ok(edges[0].length <= 3)
    assert.ok(Math.abs(shares[0].reduce((sum, share) => sum + share, 0) - 1) < 1e-9)
    const index = new StabilityIndex({ edges, shares }, 300)
    for (let row = 0; row < 300; row++) index.add(codes, row)
    assert.ok(index.indices[0] < 0.01)
  })

  it('continues from its state to the bit, and its reference survives JSON', () => {
    const known = distributionOf(rows(500), 2)
    assert.deepEqual(JSON.parse(JSON.stringify(known)), known)
    const values = rows(400, { seed: 7 })
    const whole = new StabilityIndex(known, 200)
    const half = new StabilityIndex(known, 200)
    for (let at = 0; at < values.length; at += 2) whole.add(values, at)
    for (let at = 0; at < 300; at += 2) half.add(values, at)
    const rest = new StabilityIndex(known, 200, psiState.parse(JSON.parse(JSON.stringify(half.state))))
    for (let at = 300; at < values.length; at += 2) rest.add(values, at)
    assert.deepEqual(rest.indices, whole.indices)
    assert.equal(rest.rows, 400)
  })
})
