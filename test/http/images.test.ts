import assert from 'node:assert/strict'
import { bearer, errorOf, setUp } from './fake-agent.ts'

describe('images over HTTP', () => {
  const address = '/api/inspections/weld/images?part=A-7'
  const image = (size: number, headers: Record<string, string> = {}) => ({ method: 'POST', headers, body: Buffer.alloc(size, 1) }) // prettier-ignore

  it('reach their station with the part they show', async () => {
    const { agent, ask } = setUp()
    const response = await ask(address, image(50_000, bearer))
    assert.deepEqual([response.status, await response.json()], [200, { station: 'weld', part: 'A-7' }])
    assert.deepEqual(agent.calls, [['image', 'weld', 50_000, 'A-7']])
  })

  const refused: readonly [string, string, number, boolean, number, string][] = [
    ['larger than the station allows', address, 100_001, true, 413, 'HTTP_TOO_LARGE'],
    ['without the token', address, 10, false, 401, 'HTTP_UNAUTHORIZED'],
    ['for a station that there is not', '/api/inspections/none/images', 10, true, 404, 'HTTP_UNKNOWN'],
  ]
  for (const [what, path, size, known, status, code] of refused) {
    it(`are refused ${what}`, async () => {
      const { agent, ask } = setUp()
      const response = await ask(path, image(size, known ? bearer : {}))
      assert.deepEqual([response.status, (await errorOf(response)).code], [status, code])
      assert.deepEqual(agent.calls, [])
    })
  }
})
