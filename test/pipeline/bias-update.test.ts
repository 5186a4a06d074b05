import assert from 'node:assert/strict'
import type { FeatureBatch, Scores } from '../../agent/core/index.ts'
import { BiasUpdate } from '../../agent/pipeline/bias-update.ts'
import { seededRandom } from '../../models/random.ts'

const window = (at: number): FeatureBatch => ({
  length: 1,
  names: [],
  values: new Float64Array(0),
  asset: ['reactor'],
  start: Float64Array.of(at * 10),
  end: Float64Array.of(at * 10 + 10),
  coverage: Float64Array.of(1),
  revision: Uint16Array.of(1),
})

const saying = (value: number, half: number): Scores => ({
  score: Float64Array.of(0),
  threshold: Float64Array.of(0),
  tags: [],
  contributions: new Float64Array(0),
  value: Float64Array.of(value),
  lower: Float64Array.of(value - half),
  upper: Float64Array.of(value + half),
})

/** The truth runs away from what the model says; a value is measured of each window, and known three windows later. */
function run(update: BiasUpdate, from: number, to: number, drift: number) {
  const random = seededRandom(9)
  const noise = Array.from({ length: to }, () => random.normal())
  const truth = (at: number) => 50 + drift * at + noise[at]
  const told: { error: number; held: boolean }[] = []
  for (let at = from; at < to; at++) {
    const scores = update.open(saying(50, 0.5))
    update.correct(window(at), scores, 0)
    told.push({
      error: scores.value![0] - truth(at),
      held: scores.lower![0] <= truth(at) && truth(at) <= scores.upper![0],
    })
    if (at < 3) continue
    const time = (at - 3) * 10 + 5
    update.label({ type: 'label', label: 'value', asset: 'reactor', time, value: truth(at - 3), by: 'laboratory' })
  }
  return told
}

const rmse = (told: readonly { error: number }[]) =>
  Math.sqrt(told.reduce((sum, { error }) => sum + error ** 2, 0) / told.length)

describe('estimates between trainings', () => {
  it('follow what is measured where it drifts away, and hardly move where it does not', () => {
    const drifting = run(new BiasUpdate(undefined), 0, 600, 0.05)
    assert.ok(rmse(drifting.slice(300)) < 1.4, `wrong by ${rmse(drifting.slice(300))}, the noise is 1`)
    const still = run(new BiasUpdate(undefined), 0, 600, 0)
    assert.ok(rmse(still.slice(100)) < 1.06, `wrong by ${rmse(still.slice(100))}, the noise is 1`)
  })

  it('have an interval that holds nine of ten, though it was too narrow and the truth drifts', () => {
    const held = run(new BiasUpdate(undefined), 0, 1500, 0.05).slice(200)
    const share = held.filter(({ held: is }) => is).length / held.length
    assert.ok(share > 0.88 && share < 0.92, `it holds ${share}`)
  })

  it('go on from the saved state to the bit, and begin anew with another model', () => {
    const whole = run(new BiasUpdate(undefined), 0, 200, 0.05)
    const first = new BiasUpdate(undefined)
    run(first, 0, 200, 0.05)
    const second = new BiasUpdate(undefined)
    second.load(structuredClone(first.save()))
    assert.deepEqual(second.save(), first.save())
    const scores = [first, second].map((update) => {
      const own = update.open(saying(50, 0.5))
      update.correct(window(500), own, 0)
      return own.value![0]
    })
    assert.equal(scores[0], scores[1])
    assert.notEqual(scores[0], 50)
    second.begin()
    const fresh = second.open(saying(50, 0.5))
    second.correct(window(501), fresh, 0)
    assert.equal(fresh.value![0], 50)
    assert.equal(whole.length, 200)
  })

  it('are held against the limits where they are moved to', () => {
    const update = new BiasUpdate({ high: 51 })
    run(update, 0, 100, 0.1)
    const scores = update.open(saying(50, 0.5))
    update.correct(window(101), scores, 0)
    assert.ok(scores.score[0] > 5)
    assert.equal(scores.score[0], scores.value![0] - 51)
  })
})
