import assert from 'node:assert/strict'
import { OpcuaServer } from '../../support/opcua-server.ts'
import { Proxy } from '../../support/opcua-server-proxy.ts'
import { until } from '../../support/until.ts'
import { Running, quick } from '../../connectors/opcua/harness.ts'
import { events } from './events.ts'
import { names } from './names.ts'
import { type ServerCase, cases as behaviours } from './servers.ts'

const cases = [...behaviours, ...names, ...events]

async function run({
  nodes,
  options,
  tags,
  settings,
  path = '',
  isRefused,
  misbehaves,
  what,
}: ServerCase): Promise<void> {
  const server = await OpcuaServer.start(nodes, options)
  const proxy = await Proxy.before(server.port)
  let source: Running | undefined
  try {
    proxy.breaksSecure = isRefused === true
    if (misbehaves) await server.misbehave(misbehaves)
    source = new Running({ ...quick, security: 'none', endpoint: proxy.endpoint + path, tags, ...settings })
    if (!isRefused) await source.up()
    await what({ server, proxy, source })
  } finally {
    source?.stop()
    await until('session closed', async () => (await server.look()).sessions === 0)
    await proxy.close()
    await server.close()
  }
}

describe('field/opcua servers', () => {
  assert.ok(new Set(cases.map(({ name }) => name)).size === cases.length)
  for (const one of cases) it(`${one.name} (${one.source})`, () => run(one))
})
