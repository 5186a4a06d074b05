import assert from 'node:assert/strict'
import { TagTable } from '../../agent/core/index.ts'
import { resample } from '../../agent/operators/resample.ts'
import { TestMetrics, batchOf, expectMarbles, make, push, rowsOf, type Row } from '../support/marbles.ts'

const half = { frame: 500 }

describe('resample', () => {
  it('takes the mean of the samples since the grid point before, its own included', () => {
    expectMarbles(resample, {}, '1 2 4 6 9 -', '1 - 3 - 7.5', half)
  })

  it('takes the last sample up to the grid point', () => {
    expectMarbles(resample, { method: 'last' }, '- 1 - 2 - 3', '- - 1 - 2', half)
    expectMarbles(resample, { method: 'last' }, '1 2 3', '1 - 3', half)
  })

  it('draws a line between the samples around the grid point', () => {
    expectMarbles(resample, { method: 'linear' }, '- 1 - 2 - 4', '- - 1.5 - 3', half)
  })

  it('emits a grid point as soon as a sample at or past it arrives', () => {
    for (const method of ['mean', 'last', 'linear']) {
      const tags = new TagTable()
      tags.resolve({ name: 'a', type: 'number' })
      const times = [500, 900, 1100, 2000, 2500]
      const batches = times.map((time) => batchOf([{ tag: 0, time, value: time, quality: 0 }]))
      const emitted = push(make(resample, { method }, { tags }), batches).map(({ time }) => [...time])
      assert.deepEqual(emitted, [[], [], [1000], [2000], []], method)
    }
  })

  it('leaves points without a sample out, or holds and draws over them, uncertain', () => {
    expectMarbles(resample, {}, '1 - - 4', '1 - - 4')
    expectMarbles(resample, { method: 'last' }, '1 - - 4', '1 1? 1? 4')
    expectMarbles(resample, { method: 'linear' }, '1 - - 4', '1 2? 3? 4')
  })

  it('holds and draws no further than the longest gap', () => {
    expectMarbles(resample, { method: 'last', max_gap: '2s' }, '1 - - - - 4', '1 1? 1? - - 4')
    expectMarbles(resample, { method: 'linear', max_gap: '2s' }, '1 - - - - 4', '1 - - - - 4')
  })

  it('gives a point the worst quality that went in', () => {
    expectMarbles(resample, {}, '- 1? 3 4 5', '- - 2? - 4.5', half)
    expectMarbles(resample, { method: 'linear' }, '- 1? - 3 - 5', '- - 2? - 4', half)
  })

  it('passes bad and missing values as they are, and leaves them out', () => {
    expectMarbles(resample, {}, '1 ! 3 9! 5', '1 ! 3 9! 5', { frame: 500 })
  })

  it('holds booleans', () => {
    expectMarbles(resample, {}, '- 1 - 0 - 0', '- - 1 - 0', { ...half, tag: { type: 'boolean' } })
  })

  it('drops what comes after its grid point, and counts it', () => {
    const tags = new TagTable()
    tags.resolve({ name: 'a', type: 'number' })
    const metrics = new TestMetrics()
    const row = (time: number, value: number): Row => ({ tag: 0, time, value, quality: 0 })
    const rows = [row(1500, 1), row(1200, 3), row(2100, 9), row(1900, 5), row(2000, 5), row(3000, 11)]
    const output = rowsOf(push(make(resample, {}, { tags, metrics }), [batchOf(rows)]), tags)
    assert.deepEqual(output, [row(2000, 2), row(3000, 10)])
    assert.deepEqual(metrics.changes, { made: 2, merged: 4, late: 2 })
  })

  it('keeps to the grid for odd intervals and large times', () => {
    const tags = new TagTable()
    tags.resolve({ name: 'a', type: 'number' })
    const rows = Array.from({ length: 1000 }, (_, at) => ({ tag: 0, time: 1.7e12 + at * 10.3, value: at, quality: 0 }))
    const [output] = push(make(resample, { every: '33.3ms', method: 'linear' }, { tags }), [batchOf(rows)])
    assert.ok(output.length > 300)
    for (let row = 1; row < output.length; row++) {
      const points = output.time[row] / 33.3
      assert.ok(Math.abs(points - Math.round(points)) < 1e-3)
      assert.ok(Math.abs(output.time[row] - output.time[row - 1] - 33.3) < 1e-3)
      assert.ok(Math.abs(output.value[row] - (output.time[row] - 1.7e12) / 10.3) < 1e-3)
    }
  })
})
