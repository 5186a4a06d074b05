import assert from 'node:assert/strict'
import { WatchedClock } from '../../agent/runtime/clock.ts'

/** A wall clock and a monotonic one that the test moves. */
function clocks() {
  const hands = { wall: 1.7e12, elapsed: 5_000 }
  const steps: number[] = []
  const clock = new WatchedClock({ now: () => hands.wall }, () => hands.elapsed)
  const pass = (ms: number) => ((hands.wall += ms), (hands.elapsed += ms), clock.now())
  return { hands, steps, clock, pass }
}

describe('the watch over the clock', () => {
  it('tells a step, either way, once, and shows it only then', async () => {
    const { hands, steps, clock, pass } = clocks()
    const end = clock.watch((step) => {
      assert.equal(clock.now(), hands.elapsed + 1.7e12 - 5_000 + steps.reduce((sum, one) => sum + one, 0), 'not yet')
      steps.push(step)
    })
    pass(100)
    hands.wall += 3_600_000
    const before = clock.now()
    assert.equal(before, 1.7e12 + 100)
    assert.equal(clock.now(), before)
    await Promise.resolve()
    assert.equal(clock.now(), before + 3_600_000)
    hands.wall = 1_000
    assert.equal(clock.now(), before + 3_600_000)
    await Promise.resolve()
    assert.equal(clock.now(), 1_000, 'to 1970')
    assert.deepEqual(steps, [3_600_000, 1_000 - before - 3_600_000])
    end()
  })

  it('follows slow corrections without a word', async () => {
    const { hands, steps, clock, pass } = clocks()
    const end = clock.watch((step) => void steps.push(step))
    for (let second = 0; second < 7_200; second++) {
      pass(1_000)
      hands.wall += 0.5
      assert.equal(clock.now(), hands.wall)
    }
    await Promise.resolve()
    assert.deepEqual(steps, [])
    end()
  })
})
