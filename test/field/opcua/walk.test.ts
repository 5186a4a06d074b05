import assert from 'node:assert/strict'
import { walk } from './walk.ts'

describe('field/opcua walk', () => {
  it('stores every value once or tells the gap, whatever happens to server and network', async () => {
    const { wrong, had, stored, steps } = await walk({ minutes: 1, seed: 1 })
    assert.deepEqual(wrong, [])
    assert.ok(had > 0 && stored > 0)
    assert.ok(Object.keys(steps).length > 3)
  })
})
