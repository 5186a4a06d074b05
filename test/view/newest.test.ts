import assert from 'node:assert/strict'
import { BatchBuilder, TagTable, type Prediction } from '../../agent/core/index.ts'
import { Newest } from '../../agent/view/newest.ts'

const minute = 60_000

function setUp() {
  const clock = { now: 1_000 }
  const tags = new TagTable()
  const tag = tags.resolve({ name: 'pump1/flow', type: 'number' })
  const onChange = tags.resolve({ name: 'pump1/mode', type: 'number', reporting: 'change' })
  const newest = new Newest(tags, () => clock.now)
  const push = (time: number, value: number, paced = false) => {
    const builder = new BatchBuilder('plc')
    for (const { index } of [tag, onChange]) builder.add(index, time, value, 0)
    newest.take({ ...builder.take(time), ...(paced && { paced }) })
  }
  const predict = (time: number) =>
    newest.predicted([{ time, asset: 'pump1', monitor: 'health', score: time, state: 'normal' } as Prediction])
  return { clock, tag, onChange, newest, push, predict }
}

describe('the newest of everything', () => {
  it('is stale when it has not come for ten of its usual intervals, or a minute', () => {
    const { clock, tag, onChange, newest, push } = setUp()
    assert.equal(newest.isStale(tag), false, 'nothing is known of it')
    for (let i = 0; i < 20; i++) {
      push(clock.now, i)
      clock.now += 30_000
    }
    clock.now += 4 * minute
    assert.equal(newest.isStale(tag), false)
    clock.now += minute
    assert.equal(newest.isStale(tag), true)
    assert.equal(newest.isStale(onChange), false, 'what reports by change is silent as long as nothing changes')
    push(1, 1)
    assert.equal(newest.isStale(tag), false, 'by when it came, whatever its own time')
  })

  it('is never stale where it is of a file', () => {
    const { clock, tag, newest, push } = setUp()
    push(1, 1, true)
    clock.now += 1e9
    assert.equal(newest.isStale(tag), false)
  })

  it('says of a monitor that it is silent: by its window at first, then by its pace', () => {
    const { clock, newest, predict } = setUp()
    const silent = () => newest.isSilent('health', 'pump1', 10 * minute)
    clock.now += 29 * minute
    assert.equal(silent(), false)
    clock.now += 2 * minute
    assert.equal(silent(), true, 'never since the start')
    for (let i = 0; i < 40; i++) {
      predict(clock.now)
      clock.now += minute
    }
    assert.equal(silent(), false)
    clock.now += 3 * minute
    assert.equal(silent(), true)
    predict(clock.now)
    assert.equal(silent(), false)
  })

  it('takes what comes after the clock was set back', () => {
    const { tag, newest, push, predict } = setUp()
    push(1e12, 1)
    predict(1e12)
    push(5e11, 2)
    predict(5e11)
    assert.deepEqual([newest.sample(tag).value, newest.prediction('health', 'pump1')!.time], [1, 1e12])
    newest.setBack()
    push(5e11, 3)
    predict(5e11)
    push(4e11, 4)
    assert.deepEqual([newest.sample(tag).value, newest.prediction('health', 'pump1')!.time], [3, 5e11])
  })
})
