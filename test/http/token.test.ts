import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../../agent/core/index.ts'
import { loadToken } from '../../agent/http/index.ts'
import { tokenFileName } from '../../agent/process/index.ts'

describe('http token', () => {
  let folder: string
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'millwright-token-'))))
  afterEach(() => rm(folder, { recursive: true }))

  it('is made at the first start, for the owner’s eyes only, and stays', async () => {
    const inside = join(folder, 'data')
    const token = await loadToken(inside)
    assert.ok(token.length >= 43)
    assert.equal(await loadToken(inside), token)
    const file = join(inside, tokenFileName)
    assert.equal((await readFile(file, 'utf8')).trim(), token)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
  })

  it('differs from agent to agent', async () => {
    assert.notEqual(await loadToken(join(folder, 'one')), await loadToken(join(folder, 'other')))
  })

  it('may be set by whoever installs the agent, but not to something short', async () => {
    const file = join(folder, tokenFileName)
    await writeFile(file, `${'k'.repeat(32)}\n`)
    assert.equal(await loadToken(folder), 'k'.repeat(32))
    for (const content of ['', 'short\n']) {
      await writeFile(file, content)
      await assert.rejects(loadToken(folder), (error: unknown) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message, /32 characters/)
        assert.ok(error.problems[0].remedy)
        return true
      })
    }
  })

  it('that cannot be read or written stops the start with a plain message', async () => {
    await mkdir(join(folder, tokenFileName))
    await assert.rejects(loadToken(folder), /cannot be read/)
    await writeFile(join(folder, 'file'), '')
    await assert.rejects(loadToken(join(folder, 'file', 'data')), ConfigError)
  })
})
