import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CommitPace } from '../../agent/journal/pace.ts'

/** What a simulated run did: rows stored and commits made a second, and the longest wait for an acknowledgement, ms. */
interface Outcome {
  readonly rows: number
  readonly commits: number
  readonly longest: number
}

interface Sender {
  /** Messages that it leaves unacknowledged at most. */
  readonly window: number
  /** ms between two messages, where it may send. */
  readonly every: number
  /** ms after an acknowledgement until it sends again. */
  readonly answers: number
}

const tick = 0.05
/** ms that a commit takes. */
const commit = 2

/** Messages of one row through commits paced with `gather`, in virtual time: `seconds` of it, the first second not counted. */
function play({ window, every, answers }: Sender, gather: number, seconds = 5): Outcome {
  let now = 0
  const pace = new CommitPace(gather, () => now)
  let waiting: number[] = []
  let running: number[] = []
  let ends = Infinity
  let next = 0
  let [unacknowledged, rows, commits, longest] = [0, 0, 0, 0]
  for (; now < seconds * 1000; now += tick) {
    const counts = now >= 1000
    if (now >= ends) {
      pace.ended()
      if (unacknowledged >= window) next = Math.max(next, now + answers)
      unacknowledged -= running.length
      if (counts) {
        rows += running.length
        commits++
        longest = Math.max(longest, ...running.map((since) => now - since))
      }
      ends = Infinity
    }
    if (now >= next && unacknowledged < window) {
      pace.arrived(1)
      waiting.push(now)
      unacknowledged++
      next = Math.max(next + every, now - every)
    }
    if (ends === Infinity && waiting.length > 0 && pace.left(waiting[0], 0, false) === 0) {
      pace.begun()
      ;[running, waiting] = [waiting, []]
      ends = now + commit
    }
  }
  return { rows: rows / (seconds - 1), commits: commits / (seconds - 1), longest }
}

describe('journal: when a commit begins', () => {
  it('holds up no sender that pauses for its acknowledgements', () => {
    for (const window of [1, 2, 10, 20, 32, 100, 1000]) {
      const sender = { window, every: 0.05, answers: 0.4 }
      const [paced, plain] = [play(sender, 20), play(sender, 0)]
      assert.ok(
        paced.rows >= 0.93 * plain.rows,
        `window ${window}: ${paced.rows} instead of ${plain.rows} rows a second`,
      )
    }
  })

  it('lets what comes slowly share commits', () => {
    const plant = play({ window: 20, every: 1000 / 300, answers: 0.4 }, 20)
    assert.ok(plant.rows > 298 && plant.commits < 60, `${plant.rows} rows, ${plant.commits} commits a second`)
    const fast = play({ window: 20, every: 0.5, answers: 0.4 }, 20)
    assert.ok(fast.rows > 1950, `${fast.rows} rows a second`)
    assert.ok(fast.commits < 200, `${fast.commits} commits a second`)
  })

  it('keeps nothing waiting for longer than it may', () => {
    const sender = fc.record({
      window: fc.integer({ min: 1, max: 200 }),
      every: fc.double({ min: 0.05, max: 80, noNaN: true }),
      answers: fc.double({ min: 0.05, max: 30, noNaN: true }),
    })
    fc.assert(
      fc.property(sender, fc.integer({ min: 0, max: 40 }), (one, gather) => {
        const { longest } = play(one, gather, 2)
        assert.ok(longest <= gather + 2 * commit + 2 * tick + 1e-6, `${longest} ms with gather ${gather}`)
      }),
      { numRuns: 40 },
    )
  })

  it('begins at once with much, and soon with what is waited for', () => {
    const pace = new CommitPace(20, () => 100)
    assert.equal(pace.left(100, 0, false), 20)
    assert.equal(pace.left(100, 0, true), 5)
    assert.equal(pace.left(100, 2e6, false), 0)
    assert.equal(pace.left(90, 0, false), 10)
    assert.equal(new CommitPace(0, () => 100).left(100, 0, false), 0)
  })
})
