import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '../config/index.ts'
import { journalConfig, openJournal } from '../agent/journal/index.ts'
import { schema } from '../agent/settings/schema.ts'
import { startAgent, type AgentOptions } from '../agent/supervisor.ts'
import { until } from './support/until.ts'
import { silent } from './support/units.ts'

describe('supervisor', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright-supervisor-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  const options = (more = '', port?: number): AgentOptions => {
    const text = `
site: test
data: ${join(folder, 'data')}
http: { enabled: ${port !== undefined}, port: ${port ?? 8080} }
log: { level: silent }
assets: { pump: { tags: '{asset}/{role}' } }
${more}`
    return { config: parseConfig(text, { schema, env: {} }), text, args: [], log: silent }
  }

  const file = (name: string) => `  ${name}: { type: csv, read: ${join(folder, `${name}.csv`)}, tag: 'pump1/{column}' }`

  /** Who holds the journal holds its lock: it can be opened again when all was given back. */
  async function isFree(): Promise<boolean> {
    const journal = await openJournal({ folder: join(folder, 'data', 'journal'), settings: journalConfig.parse({}) })
    await journal.close()
    return true
  }

  async function taken(): Promise<[Server, number]> {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return [server, (server.address() as AddressInfo).port]
  }

  it('gives back what it had started where the start fails half-way', async () => {
    const [server, port] = await taken()
    await assert.rejects(startAgent(options('', port)), { name: 'ConfigError' })
    assert.ok(await isFree())
    await once(server.close(), 'close')
    const agent = await startAgent(options('', port))
    assert.equal(agent.url, `http://127.0.0.1:${port}`)
    await agent.stop()
  })

  it('gives back what it had started where it is told to stop while it starts', async () => {
    const giveUp = new AbortController()
    const starting = startAgent({ ...options(), signal: giveUp.signal })
    giveUp.abort()
    await assert.rejects(starting, { name: 'AbortError' })
    assert.ok(await isFree())
  })

  it('finishes a reload that is under way before it stops', async () => {
    for (const name of ['one', 'two']) {
      await writeFile(join(folder, `${name}.csv`), `time,flow\n2026-01-01T00:00:00Z,1\n2026-01-01T00:00:01Z,2\n`)
    }
    const agent = await startAgent(options(`connectors:\n${file('one')}`))
    await until('the first file is read', () => agent.journal.stats('samples').totals.one === 2)
    const next = options(`connectors:\n${file('two')}`)
    const [told] = await Promise.all([agent.reload(next), agent.stop()])
    assert.deepEqual(told, ['connector two started', 'connector one stopped'])
    assert.ok(await isFree())
  })

  it('changes nothing where a reload is asked for after the stop', async () => {
    const agent = await startAgent(options())
    await agent.stop()
    await assert.rejects(agent.reload(options()), /has been stopped/)
  })
})
