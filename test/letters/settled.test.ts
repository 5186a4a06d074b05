import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Cursor } from '../../agent/core/index.ts'
import { Settled } from '../../agent/letters/settled.ts'

/** A journal of which only the cursor matters. */
function journal(first = 0) {
  let cursor: Cursor | undefined
  return {
    cursor: () => cursor,
    commit: (_: string, next: Cursor) => ((cursor = structuredClone(next)), Promise.resolve()),
    stats: () => ({ first, next: 0, rowsTrimmed: 0, rows: 0, bytes: 0, corrupt: 0, totals: {} }),
  }
}

describe('letters settled', () => {
  it('knows what was added, in any order, and after it was opened again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(40), { maxLength: 60 }), async (offsets) => {
        const store = journal()
        const settled = new Settled(store)
        for (const offset of offsets) await settled.add(offset)
        for (const one of [settled, new Settled(store)])
          for (let offset = 0; offset <= 41; offset++) assert.equal(one.has(offset), offsets.includes(offset))
      }),
    )
  })

  it('takes neighbours together, and forgets what is trimmed', async () => {
    const store = journal(5)
    const settled = new Settled(store)
    for (const offset of [1, 3, 2, 8, 7, 9]) await settled.add(offset)
    assert.deepEqual(store.cursor()?.state, [7, 10])
  })
})
