import assert from 'node:assert/strict'
import { bearer, errorOf, setUp } from './fake-agent.ts'

describe('inspections over HTTP', () => {
  it('answers the stations, and one of them with as many verdicts as are asked for', async () => {
    const { agent, ask } = setUp()
    const stations = (await (await ask('/api/inspections')).json()) as { station: string }[]
    assert.deepEqual(
      stations.map(({ station }) => station),
      ['weld'],
    )
    const response = await ask('/api/inspections/weld?limit=7&only=trouble')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.deepEqual(agent.calls, [['station', 'weld', 7, 'trouble']])
  })

  for (const [kind, type] of [
    ['images', 'image/jpeg'],
    ['maps', 'image/png'],
  ] as const)
    // prettier-ignore
    it(`serves ${kind}, again only where they are another, to whoever is still allowed`, async () => {
      const { ask } = setUp()
      const response = await ask(`/api/inspections/weld/${kind}/id-1`, { headers: bearer })
      assert.equal(response.headers.get('content-type'), type)
      assert.equal(response.headers.get('cache-control'), 'private, no-cache')
      assert.equal(await response.text(), 'a picture')
      const again = await ask(`/api/inspections/weld/${kind}/id-1`, { headers: { ...bearer, 'if-none-match': response.headers.get('etag')! } }) // prettier-ignore
      assert.deepEqual([again.status, await again.text()], [304, ''])
    })

  const refused: readonly [string, string, number, string][] = [
    ['a station that there is not', '/api/inspections/none', 404, 'HTTP_UNKNOWN'],
    ['more verdicts than there are', '/api/inspections/weld?limit=1000', 400, 'HTTP_INVALID'],
    ['an image that has gone', '/api/inspections/weld/images/id-9', 404, 'HTTP_UNKNOWN'],
    ['an image while too many are made', '/api/inspections/weld/images/id-2', 503, 'HTTP_BUSY'],
    ['a map that there is not', '/api/inspections/weld/maps/id-9', 404, 'HTTP_UNKNOWN'],
  ]
  for (const [what, path, status, code] of refused)
    it(`refuses ${what}, and nobody keeps that`, async () => {
      const response = await setUp().ask(path, { headers: bearer })
      assert.deepEqual([response.status, (await errorOf(response)).code], [status, code])
      assert.equal(response.headers.get('cache-control'), 'no-store')
    })

  it('takes what a client names as a name, never as a path', async () => {
    const { agent, ask } = setUp()
    const response = await ask(`/api/inspections/weld/images/${encodeURIComponent('../../etc/passwd')}`, {
      headers: bearer,
    })
    assert.equal(response.status, 404)
    assert.deepEqual(agent.calls, [['picture', 'weld', '../../etc/passwd']])
  })
})
