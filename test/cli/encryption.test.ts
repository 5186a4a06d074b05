import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditChain } from '../../agent/ingest/audit-chain.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { schema } from '../../agent/settings/schema.ts'
import { program } from '../support/program.ts'
import { millwright } from './millwright.ts'

const secret = 'a planted secret that nobody may read'

describe('backups by passphrase, and the chain of the audit in a journal', function () {
  let folder: string
  const path = (name: string) => join(folder, name)

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-encrypted-'))
    writeFileSync(path('plant.yaml'), 'data: data\n')
    mkdirSync(path('data'))
    writeFileSync(path('data/http-token'), secret.repeat(1_000))
    writeFileSync(path('data/http-sessions.json'), '{"format":1,"sessions":[]}')
    writeFileSync(path('right'), 'correct horse battery staple\n')
    writeFileSync(path('wrong'), 'incorrect horse battery staple\n')
    const journal = await openJournal({ folder: path('data/journal'), settings: schema.parse({}).journal })
    const chain = new AuditChain(journal)
    for (let n = 1; n <= 3; n++)
      await chain.append([{ kind: 'event', event: { type: 'audit', time: n, by: 'mei', action: 'retrain', subject: 'pump', detail: '' }, arrival: n }]) // prettier-ignore
    await journal.close()
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('are restored by the passphrase alone, and hold nothing that can be read', async () => {
    const made = await millwright(folder, 'backup', '-c', 'plant.yaml', '--out', 'b.age', '--encrypt', '--passphrase-file', 'right') // prettier-ignore
    assert.equal(made.status, 0, made.stderr)
    const bytes = readFileSync(path('b.age'))
    assert.ok(bytes.toString('latin1').startsWith('age-encryption.org/v1\n-> scrypt '))
    const wrong = await millwright(folder, 'restore', 'b.age', '--data', 'other', '--passphrase-file', 'wrong')
    assert.equal(wrong.status, 1)
    assert.match(wrong.stderr, /the passphrase is another one/)
    const none = await millwright(folder, 'restore', 'b.age', '--data', 'other')
    assert.match(none.stderr, /there is no passphrase/)
    assert.ok(!existsSync(path('other')))
    const right = await millwright(folder, 'restore', 'b.age', '--data', 'other', '--passphrase-file', 'right')
    assert.equal(right.status, 0, right.stderr)
    assert.equal(readFileSync(path('other/http-token'), 'utf8'), secret.repeat(1_000))
    assert.ok(!existsSync(path('other/http-sessions.json')), 'log-ins do not come back')
    // Its end cut off, and a byte of it changed.
    writeFileSync(path('cut.age'), bytes.subarray(0, bytes.length - 20))
    bytes[bytes.length - 30] ^= 1
    writeFileSync(path('spoilt.age'), bytes)
    for (const name of ['cut.age', 'spoilt.age']) {
      const broken = await millwright(folder, 'restore', name, '--data', 'third', '--passphrase-file', 'right')
      assert.equal(broken.status, 1, name)
      assert.match(broken.stderr, /BACKUP_BROKEN/)
      assert.ok(!existsSync(path('third')))
    }
  })

  it('take the passphrase from the environment, and none that is soon guessed', async () => {
    const backup = (passphrase: string | undefined, out: string) =>
      new Promise<{ status: number | null; stderr: string }>((resolve) => {
        const env = { ...process.env, ...(passphrase !== undefined && { MILLWRIGHT_PASSPHRASE: passphrase }) }
        const child = spawn(process.execPath, [...program, 'backup', '--out', out, '--encrypt', '-c', 'plant.yaml'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] }) // prettier-ignore
        let stderr = ''
        child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
        child.on('close', (status) => resolve({ status, stderr }))
      })
    assert.equal((await backup('correct horse battery staple', 'env.age')).status, 0)
    const short = await backup('horse', 'short.age')
    assert.equal(short.status, 1)
    assert.match(short.stderr, /fewer than 12 characters/)
    assert.match((await backup(undefined, 'none.age')).stderr, /there is no passphrase/)
    assert.ok(!existsSync(path('short.age')) && !existsSync(path('none.age')))
    const restored = await millwright(folder, 'restore', 'env.age', '--data', 'other', '--passphrase-file', 'right')
    assert.equal(restored.status, 0, restored.stderr)
  })

  it('verify: follows the chain, and names its first break', async () => {
    const verify = () => millwright(folder, 'journal', 'verify', '-c', 'plant.yaml')
    const sound = await verify()
    assert.equal(sound.status, 0, sound.stderr)
    assert.match(sound.stdout, /✔ audit: 3 records in the chain; it ends with number 3, [0-9a-f]{16}/)
    const journal = await openJournal({ folder: path('data/journal'), settings: schema.parse({}).journal })
    await journal.append('samples', [{ kind: 'event', event: { type: 'audit', time: 4, by: 'eve', action: 'promote', subject: 'pump', detail: '' }, arrival: 4 }]) // prettier-ignore
    await journal.close()
    const broken = await verify()
    assert.equal(broken.status, 1)
    assert.match(broken.stdout, /✖ audit.*\n +the chain breaks: record 3 \(eve: promote pump/)
  })
})
