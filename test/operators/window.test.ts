// Longer than others: every rule of windows beside its neighbours.
import assert from 'node:assert/strict'
import { ConfigError } from '../../agent/core/index.ts'
import { windowConfig, windowProblems } from '../../agent/operators/window.ts'
import { longestHeldRun } from '../../agent/operators/window-time.ts'
import { harness } from './window-harness.ts'

describe('time windows', () => {
  it('tumble on the grid of the epoch, start inclusive, end exclusive', () => {
    const { push, complete } = harness({ window: '10s', lateness: '0s' })
    assert.deepEqual(push(9, 'p/x@3=1 p/x@9=2'), [])
    assert.deepEqual(push(10, 'p/x@10=3'), ['p 0-10 r1 c70 x:1,2'])
    assert.deepEqual(push(21, 'p/x@15=4 p/x@21=5'), ['p 10-20 r1 c100 x:3,4'])
    assert.deepEqual(complete(), ['p 20-30 r1 c100 x:5'])
  })

  it('slide by `every` and overlap', () => {
    const { push } = harness({ window: '10s', every: '5s', lateness: '0s' })
    assert.deepEqual(push(16, 'p/x@4=1 p/x@8=2 p/x@12=3 p/x@16=4'), [
      'p -5-5 r1 c10 x:1',
      'p 0-10 r1 c60 x:1,2',
      'p 5-15 r1 c100 x:2,3',
    ])
  })

  it('wait for late samples as long as `lateness` says, and sort them in', () => {
    const { push } = harness({ window: '10s', lateness: '2s' })
    assert.deepEqual(push(11.9, 'p/x@1=1 p/x@11.9=9'), [])
    assert.deepEqual(push(12, 'p/x@5=5 p/x@3=3 p/x@12=10'), ['p 0-10 r1 c90 x:1,3,5'])
  })

  it('of one batch come as one, in order of end and asset', () => {
    const { push, batches } = harness({ window: '10s', lateness: '0s' })
    push(1, 'b/x@1=1 a/x@1=1')
    assert.deepEqual(push(21, 'b/x@21=2 a/x@11=2 a/x@21=3'), [
      'a 0-10 r1 c90 x:1',
      'b 0-10 r1 c90 x:1',
      'a 10-20 r1 c100 x:2',
      'b 10-20 r1 c10 x:1',
    ])
    assert.equal(batches(), 1)
  })

  it('that late samples change come again at the next arrival, once, with the next revision', () => {
    const { push, tick, counts } = harness({ window: '10s', every: '5s', lateness: '0s' })
    push(16, 'p/x@6=1 p/x@16=2')
    assert.deepEqual(push(17, 'p/x@7=3 p/x@8=4'), [])
    assert.deepEqual(tick(18), ['p 0-10 r2 c40 x:1,3,4', 'p 5-15 r2 c90 x:1,3,4'])
    assert.deepEqual(push(19, 'p/x@7=5'), [])
    assert.deepEqual(tick(20), ['p 0-10 r3 c40 x:1,5,4', 'p 5-15 r3 c90 x:1,5,4'])
    assert.equal(counts.late_samples_total, 3)
  })

  it('do not change when a sample is delivered twice', () => {
    const { push, tick, counts } = harness({ window: '10s', lateness: '0s' })
    push(16, 'p/x@6=1 p/x@16=2')
    assert.deepEqual(push(17, 'p/x@6=1 p/x@16=2'), [])
    assert.deepEqual(tick(18), [])
    assert.equal(counts.late_samples_total, undefined)
  })

  it('take the newer of two samples of one time', () => {
    const { push } = harness({ window: '10s', lateness: '0s' })
    assert.deepEqual(push(16, 'p/x@6=1 p/x@6=2 p/x@16=2'), ['p 0-10 r1 c40 x:2'])
  })

  it('no longer change after `revise`, and the sample is counted', () => {
    const { push, tick, counts } = harness({ window: '10s', lateness: '0s', revise: '15s', hold: '2s' })
    push(1, 'p/x@1=1')
    push(25, 'p/x@25=2')
    push(26, 'p/x@2=7')
    assert.deepEqual(tick(27), ['p 0-10 r2 c30 x:1,7'])
    push(28, 'p/x@28=3')
    push(29, 'p/x@3=8')
    assert.deepEqual(tick(30), [])
    assert.equal(counts.late_samples_total, 2)
  })

  it('that were skipped as empty appear when late samples fill them', () => {
    const { push, tick } = harness({ window: '10s', lateness: '0s', hold: '2s' })
    push(1, 'p/x@1=1')
    assert.deepEqual(push(55, 'p/x@55=5'), ['p 0-10 r1 c20 x:1', 'p 10-20 r1 c0 x:'])
    push(56, 'p/x@33=3')
    assert.deepEqual(tick(57), ['p 30-40 r1 c20 x:3'])
  })
})

describe('held values and coverage', () => {
  it('give a role without samples the value that holds at the start', () => {
    const { push } = harness({ window: '10s', lateness: '0s', hold: '15s' })
    push(8, 'p/x@8=1 p/y@8=7')
    assert.deepEqual(push(20, 'p/x@12=2 p/x@20=3'), ['p 0-10 r1 c20 x:1 y:7', 'p 10-20 r1 c100 x:2 y:7'])
    assert.deepEqual(push(30, 'p/x@30=3'), ['p 20-30 r1 c30 x:3 y:7'])
  })

  it('end with a bad sample or one that is not finite, and uncertain ones count', () => {
    const { push } = harness({ window: '10s', lateness: '0s' })
    assert.deepEqual(push(10, 'p/x@0=1 p/x@4=2! p/x@6=3? p/x@9=NaN p/x@10=1'), ['p 0-10 r1 c70 x:1,3'])
  })

  it('are the least of the roles that the asset is known to have', () => {
    const { push } = harness({ window: '10s', lateness: '0s' })
    assert.deepEqual(push(10, 'p/x@0=1 p/y@6=2 q/x@0=1 p/x@10=1 q/x@10=1'), [
      'p 0-10 r1 c40 x:1 y:2',
      'q 0-10 r1 c100 x:1 y:',
    ])
  })

  it('last for tags that report by change, whose first sample opens no window however old it is', () => {
    const { push, complete } = harness({ window: '10s', lateness: '0s' }, ['p/set'])
    assert.deepEqual(push(1000, 'p/set@3=50 p/x@1000=1'), [])
    assert.deepEqual(push(1010, 'p/x@1010=2'), ['p 1000-1010 r1 c100 set:50 x:1'])
    assert.deepEqual(complete(), ['p 1010-1020 r1 c100 set:50 x:2'])
  })

  it('leave text tags and tags of other classes out', () => {
    const { push, text, complete } = harness({ window: '10s', lateness: '0s' })
    assert.deepEqual(text(1), [])
    assert.deepEqual(push(1, 'other@1=1'), [])
    assert.deepEqual(complete(), [])
  })
})

describe('silence', () => {
  it('closes the windows with samples after `idle`, then the first without coverage, and no more', () => {
    const { push, tick } = harness({ window: '10s', lateness: '0s', idle: '30s' })
    push(5, 'p/x@5=1')
    assert.deepEqual(tick(35), [])
    assert.deepEqual(tick(35.5), ['p 0-10 r1 c50 x:1', 'p 10-20 r1 c50 x:1', 'p 20-30 r1 c0 x:'])
    assert.deepEqual(tick(1000), [])
    assert.deepEqual(push(1001, 'p/x@1001=2'), [])
    assert.deepEqual(push(1010, 'p/x@1010=3'), ['p 1000-1010 r1 c90 x:2'])
  })

  it('shows a window without coverage when its time has come, not before', () => {
    const { push, tick } = harness({ window: '10s', lateness: '0s', idle: '3s' })
    push(5, 'p/x@5=1')
    assert.deepEqual(tick(9), ['p 0-10 r1 c50 x:1'])
    assert.deepEqual(tick(30), [])
    assert.deepEqual(tick(31), ['p 10-20 r1 c50 x:1', 'p 20-30 r1 c0 x:'])
  })

  it('of a week makes one window without coverage, not sixty thousand', () => {
    const { push } = harness({ window: '60s', every: '10s', lateness: '0s' })
    push(1000, 'p/x@1000=1')
    const windows = push(605_800, 'p/x@605800=2')
    assert.equal(windows.length, 12)
    assert.equal(windows.filter((window) => window.includes(' c0 ')).length, 1)
    assert.equal(windows.at(-1), 'p 1060-1120 r1 c0 x:')
    assert.deepEqual(push(605_810, 'p/x@605810=2'), ['p 605750-605810 r1 c17 x:2'])
  })

  it('of a tag that reports by change makes no more than the longest run of held windows', () => {
    const { push } = harness({ window: '10s', lateness: '0s' }, ['p/set'])
    push(1000, 'p/set@1000=1')
    push(1005, 'p/set@1005=2')
    const windows = push(605_800, 'p/set@605800=3')
    assert.equal(windows.length, 1 + longestHeldRun)
    assert.equal(windows.at(-1), `p ${1000 + 10 * longestHeldRun}-${1010 + 10 * longestHeldRun} r1 c100 set:2`)
  })

  it('of one source does not hold up an asset that has another', () => {
    const { push } = harness({ window: '10s', lateness: '0s', idle: '30s' })
    push(1, 'p/x@1=1', 'plc')
    push(1, 'p/y@1=1', 'mqtt')
    assert.deepEqual(push(25, 'p/x@25=2', 'plc'), [])
    assert.deepEqual(push(32, 'p/x@32=3', 'plc'), [
      'p 0-10 r1 c90 x:1 y:1',
      'p 10-20 r1 c10 x:1 y:1',
      'p 20-30 r1 c0 x:2 y:',
    ])
  })
})

describe('wrong clocks', () => {
  const settings = { window: '10s', lateness: '0s', future: '60s' }

  it('of one source stall or hurry no asset of another', () => {
    const { push } = harness(settings)
    push(1000, 'slow/x@1=1 slow/x@2=1', 'behind')
    push(1000, 'fast/x@99999=1', 'ahead')
    push(1001, 'p/x@1001=1', 'right')
    assert.deepEqual(push(1010, 'p/x@1010=2', 'right'), ['p 1000-1010 r1 c90 x:1'])
  })

  it('far behind on the same asset are not waited for', () => {
    const { push } = harness(settings)
    push(1000, 'p/x@1000=1', 'right')
    push(1000, 'p/y@3=1', 'behind')
    assert.deepEqual(push(1010, 'p/x@1010=2', 'right'), ['p 1000-1010 r1 c0 x:1 y:'])
  })

  it('far ahead move time to the arrival only; beyond all use, the samples are counted', () => {
    const { push, counts } = harness(settings)
    push(1000, 'p/x@1000=1')
    assert.deepEqual(push(1005, 'p/x@1080=5'), [])
    assert.deepEqual(push(1009, 'p/x@99999=6'), [])
    assert.deepEqual(push(1010, 'p/x@99999=6'), ['p 1000-1010 r1 c100 x:1'])
    assert.equal(counts.future_samples_total, 2)
  })
})

describe('windows of counted samples', () => {
  it('hold the last event times of the asset and end with the newest, inclusive', () => {
    const { push, complete } = harness({ window: '3 samples', every: '1 sample', lateness: '0s' })
    assert.deepEqual(push(3, 'p/x@1=1 p/y@1=7 p/x@2=2 p/x@3=3'), [])
    assert.deepEqual(push(4, 'p/x@4=4 p/y@4=8'), ['p 1-3 r1 c100 x:1,2,3 y:7'])
    assert.deepEqual(complete(), ['p 2-4 r1 c100 x:2,3,4 y:8'])
  })

  it('come every so many event times', () => {
    const { push, complete } = harness({ window: '2 samples', lateness: '0s' })
    const windows = push(6, 'p/x@1=1 p/x@2=2 p/x@3=3 p/x@4=4 p/x@5=5 p/x@6=6')
    assert.deepEqual(windows, ['p 1-2 r1 c100 x:1,2', 'p 3-4 r1 c100 x:3,4'])
    assert.deepEqual(complete(), ['p 5-6 r1 c100 x:5,6'])
  })

  it('are revised by a late event time within, which makes no window of its own', () => {
    const { push, tick } = harness({ window: '2 samples', every: '1 sample', lateness: '0s' })
    push(4, 'p/x@1=1 p/x@2=2 p/x@3=3 p/x@4=4')
    push(5, 'p/x@2.5=9')
    assert.deepEqual(tick(6), ['p 2.5-3 r2 c100 x:9,3'])
  })
})

describe('session windows', () => {
  const settings = { window: { session: '5s', longest: '20s' }, lateness: '0s' }

  it('end when no sample has come for the gap', () => {
    const { push, complete } = harness(settings)
    assert.deepEqual(push(11, 'p/x@1=1 p/x@4=2 p/x@8=3 p/x@12.9=4'), [])
    assert.deepEqual(push(30, 'p/x@30=5'), ['p 1-17.9 r1 c100 x:1,2,3,4'])
    assert.deepEqual(complete(), ['p 30-35 r1 c100 x:5'])
  })

  it('are cut after the longest time', () => {
    const { push } = harness(settings)
    const rows = Array.from({ length: 30 }, (_, second) => `p/x@${second}=${second % 2}`).join(' ')
    assert.deepEqual(
      push(30, rows).map((text) => text.split(' x:')[0]),
      ['p 0-20 r1 c100'],
    )
  })

  it('are revised by a late sample within their bounds', () => {
    const { push, tick } = harness(settings)
    push(20, 'p/x@1=1 p/x@3=2 p/x@20=3')
    push(21, 'p/x@6=4')
    assert.deepEqual(tick(22), ['p 1-8 r2 c100 x:1,2,4'])
  })
})

describe('memory of windows', () => {
  const kinds: object[] = [
    { window: '60s', every: '10s' },
    { window: '20 samples', every: '1 sample' },
    { window: { session: '5s', longest: '60s' } },
  ]
  for (const settings of kinds) {
    it(`is that of window, lateness and revise, and no more: ${JSON.stringify(settings)}`, () => {
      const { push, saved } = harness({ ...settings, lateness: '2s', revise: '60s' })
      for (let second = 0; second < 3_000; second++)
        push(second, `p/x@${second}=1 p/y@${second}=1! p/z@${second % 7}=1`)
      const [{ roles, clock, closed }] = saved().assets
      // Twice what 122 s at one sample a second are, as buffers are cleared only when they are full.
      for (const { time, bad } of roles) assert.ok(time.length + bad.length <= 250, `${time.length} ${bad.length}`)
      assert.ok((clock?.length ?? 0) <= 250, `${clock?.length}`)
      assert.ok(closed.before.length <= 150, `${closed.before.length}`)
    })
  }
})

describe('settings of windows', () => {
  it('have defaults', () => {
    assert.deepEqual(windowConfig.parse({}), { window: 60_000, lateness: 2_000, idle: 30_000, future: 60_000 })
  })

  const wrong: [object, RegExp][] = [
    [{ window: '60' }, /expected a duration such as 60s/],
    [{ window: '0s' }, /at least 1ms/],
    [{ window: '0 samples' }, /expected a duration/],
    [{ every: 'often' }, /number of samples/],
    [{ window: { session: '30s', gap: '1s' } }, /gap/],
    [{ latenes: '3s' }, /latenes/],
  ]
  for (const [settings, message] of wrong) {
    it(`refuse ${JSON.stringify(settings)}`, () => {
      assert.match(windowConfig.safeParse(settings).error!.message, message)
    })
  }

  const unfit: [object, RegExp][] = [
    [{ window: '60s', every: '5 samples' }, /both/],
    [{ window: '5 samples', every: '1s' }, /both/],
    [{ window: '10s', every: '20s' }, /longer/],
    [{ window: '5 samples', every: '6 samples' }, /longer/],
    [{ window: { session: '30s' }, every: '1s' }, /sessions/],
  ]
  for (const [settings, message] of unfit) {
    it(`do not fit together: ${JSON.stringify(settings)}`, () => {
      const parsed = windowConfig.parse(settings)
      assert.match(windowProblems(parsed)[0].message, message)
      assert.throws(() => harness(settings), ConfigError)
    })
  }
})
