import assert from 'node:assert/strict'
import { TagTable, type Prediction } from '../../agent/core/index.ts'
import type { Pipeline } from '../../agent/pipeline/index.ts'
import { SilenceWatch } from '../../agent/runtime/silence.ts'
import { Newest } from '../../agent/view/index.ts'

describe('the watch for silence', () => {
  it('tells once of each machine that a monitor says nothing of any more, and again after it has', () => {
    let now = 0
    const newest = new Newest(new TagTable(), () => now)
    const settings = { assets: 'pump', window: 10_000 }
    const monitors = new Map([
      ['health', { name: 'health', kind: 'anomaly', model: 'v1', settings }],
      ['young', { name: 'young', kind: 'anomaly', model: undefined, settings }],
    ])
    const classes = new Map([['pump', { assets: [{ name: 'pump1' }, { name: 'pump2' }] }]])
    const told: string[] = []
    const watch = new SilenceWatch({
      pipeline: () => ({ monitors, classes }) as unknown as Pipeline,
      newest,
      tell: ({ monitor, asset, since }) => void told.push(`${monitor} ${asset} ${since}`),
    })
    const predict = () => newest.predicted([{ time: now, asset: 'pump1', monitor: 'health' } as Prediction])
    for (; now < 200_000; now += 10_000) {
      predict()
      watch.look()
    }
    assert.deepEqual(told, ['health pump2 undefined'])
    for (; now < 400_000; now += 10_000) watch.look()
    assert.deepEqual(told, ['health pump2 undefined', 'health pump1 190000'])
    predict()
    watch.look()
    now += 100_000
    watch.look()
    assert.equal(told.length, 3)
  })
})
