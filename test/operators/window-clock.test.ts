import assert from 'node:assert/strict'
import { harness } from './window-harness.ts'

const hour = 3_600

/** A sample a second from `from` on, `at` its arrival; `own`: by a device's clock, which is as far off from ours as that. */
function feed(windows: ReturnType<typeof harness>, from: number, seconds: number, own = 0): string[] {
  return Array.from({ length: seconds }, (_, i) => windows.push(from + i, `p/x@${from + i + own}=${i % 7}`)).flat()
}

describe('windows when the clock is set', () => {
  const settings = { window: '10s', lateness: '2s', idle: '5s', future: '1m', hold: '30s' }

  for (const step of [hour, -86_400, -1_700_000_000])
    it(`of samples with a time of their own notice nothing: by ${step} s`, () => {
      const plain = harness(settings)
      const set = harness(settings)
      const start = 1_700_000_000
      const expected = [...feed(plain, start, 27), ...feed(plain, start + 27, 40), ...plain.complete()]
      const seen = [
        ...feed(set, start, 27),
        ...set.clockSet(step, start + 27),
        ...feed(set, start + 27 + step, 40, -step),
        ...set.complete(),
      ]
      assert.deepEqual(seen, expected)
      assert.deepEqual(set.counts, plain.counts)
    })

  it('that was wrong take samples with a time of their own from then on', () => {
    const windows = harness(settings)
    const start = 1_700_000_000
    assert.deepEqual(feed(windows, 1_000, 27, start), [])
    windows.clockSet(start, 1_027)
    const seen = feed(windows, start + 1_027, 40)
    const whole = `p ${start + 1_030}-${start + 1_040} r1 c100 x:3,4,5,6,0,1,2,3,4,5`
    assert.ok(seen.includes(whole), seen.join('\n'))
  })

  it('there and back leave samples with a time of their own alone', () => {
    const start = 1_700_000_000
    const [plain, set] = [harness(settings), harness(settings)]
    const expected = feed(plain, start, 60)
    const seen = [
      ...feed(set, start, 20),
      ...set.clockSet(-86_400, start + 20),
      ...feed(set, start + 20 - 86_400, 20, 86_400),
      ...set.clockSet(86_400, start + 40 - 86_400),
      ...feed(set, start + 40, 20),
    ]
    const frames = (texts: readonly string[]) => texts.map((text) => text.replace(/x:.*/, ''))
    assert.deepEqual(frames(seen), frames(expected))
  })

  it('of samples stamped by arrival hold nothing over a step forward, so that the rest is no opinion', () => {
    const windows = harness(settings)
    const start = 1_700_000_000
    feed(windows, start, 27)
    windows.clockSet(hour, start + 27)
    const seen = feed(windows, start + 27 + hour, 40)
    const coverage = seen.map((text) => Number(/ c(\d+)/.exec(text)![1]))
    const values = seen.map((text) => text.split('p ')[1])
    assert.match(values[0], new RegExp(`^${start + 20}-${start + 30} r1 c60 `), values.join('\n'))
    assert.ok(
      coverage.slice(1, -3).every((share) => share === 0 || share === 100) || coverage[1] === 0,
      values.join('\n'),
    )
    assert.match(values.at(-1)!, / c100 /)
  })

  it('of samples stamped by arrival begin anew after a step back, instead of being blind until then', () => {
    const windows = harness(settings)
    const start = 1_700_000_000
    feed(windows, start, 27)
    windows.clockSet(-hour, start + 27)
    const seen = feed(windows, start + 27 - hour, 40)
    assert.ok(
      seen.some((text) => text.includes(` ${start + 30 - hour}-${start + 40 - hour} r1 c100 `)),
      seen.join('\n'),
    )
    assert.equal(windows.counts.late_samples_total, undefined)
  })
})
