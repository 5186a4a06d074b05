import assert from 'node:assert/strict'
import { TagTable, type TagType } from '../../agent/core/index.ts'
import { deduplicate } from '../../agent/operators/deduplicate.ts'
import { batchOf, expectMarbles, make, push, rowsOf, type Row } from '../support/marbles.ts'

describe('deduplicate', () => {
  it('drops repeats, and passes corrections and other qualities', () => {
    const changes = expectMarbles(deduplicate, {}, '1 (2 2) (3 4 3) (5 5? 5) (! !)', '1 2 (3 4) (5 5?) !')
    assert.deepEqual(changes, { dropped: 4 })
  })

  it('keeps equal values of different times', () => {
    expectMarbles(deduplicate, {}, '1 1 1', '1 1 1')
  })

  it('keeps the first of each time', () => {
    expectMarbles(deduplicate, { same: 'time' }, '1 (2 3) (! 4) 5', '1 2 ! 5')
  })

  function pass(type: TagType, settings: object, batches: readonly (readonly Row[])[]): Row[] {
    const tags = new TagTable()
    tags.resolve({ name: 'a', type })
    return rowsOf(
      push(
        make(deduplicate, settings, { tags }),
        batches.map((rows) => batchOf(rows)),
      ),
      tags,
    )
  }
  const row = (time: number, value: Row['value']): Row => ({ tag: 0, time, value, quality: 0 })

  it('drops what a broker delivers again, a batch later', () => {
    const first = [row(1, 1), row(2, 2), row(3, 3)]
    assert.deepEqual(pass('number', {}, [first, [row(2, 2), row(3, 3), row(4, 4)]]), [...first, row(4, 4)])
  })

  it('remembers as many samples as it is told', () => {
    const again = [row(1, 1), row(2, 2), row(3, 3), row(1, 1)]
    assert.equal(pass('number', { memory: 3 }, [again]).length, 3)
    assert.equal(pass('number', { memory: 2 }, [again]).length, 4)
  })

  it('compares text by its words, whatever their codes', () => {
    const batches = [
      [row(1, 'idle'), row(2, 'run')],
      [row(2, 'run'), row(1, 'run'), row(1, 'idle')],
    ]
    assert.deepEqual(pass('text', {}, batches), [row(1, 'idle'), row(2, 'run'), row(1, 'run')])
  })

  it('tells exact integers apart that are one number', () => {
    const large = 2n ** 60n
    assert.deepEqual(pass('integer', {}, [[row(1, large + 1n), row(1, large + 3n), row(1, large + 1n)]]), [
      row(1, large + 1n),
      row(1, large + 3n),
    ])
  })

  it('keeps tags apart', () => {
    const tags = new TagTable()
    for (const name of ['a', 'b']) tags.resolve({ name, type: 'number' })
    const batch = batchOf([row(1, 1), { ...row(1, 1), tag: 1 }])
    assert.equal(push(make(deduplicate, {}, { tags }), [batch])[0], batch)
  })
})
