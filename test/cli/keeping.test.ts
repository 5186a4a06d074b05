import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { schema } from '../../agent/settings/schema.ts'
import { BatchBuilder, Quality, type Journal } from '../../agent/core/index.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { millwright } from './millwright.ts'

const begin = Date.UTC(2026, 2, 1)

describe('journal, backup and restore', function () {
  let folder: string
  let journal: Journal | undefined
  const path = (name: string) => join(folder, name)
  const openToWrite = () => openJournal({ folder: path('data/journal'), settings: schema.parse({}).journal })

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-keeping-'))
    writeFileSync(path('plant.yaml'), 'data: data\n')
    mkdirSync(path('data/models/health/0001-abcdef01'), { recursive: true })
    writeFileSync(path('data/models/health/0001-abcdef01/card.md'), 'a model')
    mkdirSync(path('data/connectors/plc/pki'), { recursive: true })
    writeFileSync(path('data/connectors/plc/pki/key.pem'), 'a key')
    journal = await openToWrite()
    await fill(journal, 0, 100)
  })
  afterEach(async () => {
    await journal?.close()
    journal = undefined
    rmSync(folder, { recursive: true, force: true })
  })

  /** One sample of each of two tags per record, a second apart. */
  async function fill(to: Journal, from: number, count: number): Promise<void> {
    for (let n = from; n < from + count; n++) {
      const builder = new BatchBuilder('plc')
      for (const name of ['line1/pump1/speed', 'line1/pump1/flow']) {
        const tag = to.tags.resolve({ name, type: 'number' })
        builder.add(tag.index, begin + n * 1000, n + 0.5, Quality.good)
      }
      await to.append('samples', [{ kind: 'samples', batch: builder.take(begin + n * 1000) }])
    }
  }

  it('stats: beside the agent that writes', async () => {
    const { status, stdout, stderr } = await millwright(folder, 'journal', 'stats', '-c', 'plant.yaml', '--json')
    assert.equal(status, 0, stderr)
    const { streams, tags } = JSON.parse(stdout) as {
      tags: number
      streams: { stream: string; rows: { kept: number }; newest: string }[]
    }
    assert.equal(tags, 2)
    assert.equal(streams[0].rows.kept, 200)
    assert.equal(streams[0].newest, '2026-03-01T00:01:39.000Z')
  })

  it('export: a time range of some tags, as CSV and as JSON, to a file and to a pipe', async () => {
    const words = [
      'journal',
      'export',
      'samples',
      '-c',
      'plant.yaml',
      '--from',
      '2026-03-01T00:00:10Z',
      '--to',
      '2026-03-01T00:00:12Z',
    ]
    const csv = await millwright(folder, ...words)
    assert.deepEqual(csv.stdout.trim().split('\n'), [
      'time,tag,value,quality,source',
      '2026-03-01T00:00:10.000Z,line1/pump1/speed,10.5,good,plc',
      '2026-03-01T00:00:10.000Z,line1/pump1/flow,10.5,good,plc',
      '2026-03-01T00:00:11.000Z,line1/pump1/speed,11.5,good,plc',
      '2026-03-01T00:00:11.000Z,line1/pump1/flow,11.5,good,plc',
    ])
    const json = await millwright(folder, ...words, '--tags', '**/flow', '--format', 'ndjson', '--out', 'out.ndjson')
    assert.equal(json.status, 0, json.stderr)
    const lines = readFileSync(path('out.ndjson'), 'utf8').trim().split('\n')
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { value: number }).value),
      [10.5, 11.5],
    )
  })

  it('export: a time that is none is a usage error', async () => {
    const { status, stderr } = await millwright(folder, 'journal', 'export', 'samples', '--from', 'yesterday')
    assert.equal(status, 2)
    assert.match(stderr, /2026-03-01/)
  })

  it('verify: a sound journal is sound; a damaged record is found by its offset', async () => {
    const sound = await millwright(folder, 'journal', 'verify', '-c', 'plant.yaml', '--json')
    assert.equal(sound.status, 0, sound.stderr)
    await journal!.close()
    journal = undefined
    await damage(path('data/journal'), 42)
    const { status, stdout } = await millwright(folder, 'journal', 'verify', '-c', 'plant.yaml', '--json')
    assert.equal(status, 1)
    const { streams } = JSON.parse(stdout) as { streams: { corrupt: number[]; records: number }[] }
    assert.deepEqual(streams[0].corrupt, [42])
    assert.equal(streams[0].records, 99)
  })

  it('without a journal it says where it looked', async () => {
    writeFileSync(path('other.yaml'), 'data: nowhere\n')
    const { status, stderr } = await millwright(folder, 'journal', 'stats', '-c', 'other.yaml')
    assert.equal(status, 1)
    assert.match(stderr, /no journal in nowhere/)
  })

  it('backup while it is written, restore elsewhere: all of it is there, and nothing half', async () => {
    const writing = new AbortController()
    const writer = (async () => {
      for (let n = 100; !writing.signal.aborted; n += 10) await fill(journal!, n, 10)
    })()
    const backup = await millwright(folder, 'backup', '-c', 'plant.yaml', '--out', 'plant.tar.gz')
    writing.abort()
    await writer
    assert.equal(backup.status, 0, backup.stderr)
    assert.equal(statSync(path('plant.tar.gz')).mode & 0o077, 0)
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('.millwright') || name.endsWith('.part')),
      [],
    )
    const restored = await millwright(folder, 'restore', 'plant.tar.gz', '--data', 'copy')
    assert.equal(restored.status, 0, restored.stderr)
    assert.equal(readFileSync(path('copy/models/health/0001-abcdef01/card.md'), 'utf8'), 'a model')
    assert.equal(readFileSync(path('copy/connectors/plc/pki/key.pem'), 'utf8'), 'a key')
    const copy = await openJournal({ folder: path('copy/journal'), settings: schema.parse({}).journal })
    const entries = copy.read('samples', 0)
    await copy.close()
    assert.ok(entries.length >= 100)
    assert.deepEqual(
      entries.map(({ offset }) => offset),
      entries.map((_, index) => index),
    )
    assert.equal(copy.tags.size, 2)
  })

  it('restore: refuses where data is or an agent writes, and moves data aside when told', async () => {
    assert.equal((await millwright(folder, 'backup', '-c', 'plant.yaml', '--out', 'plant.tar.gz')).status, 0)
    const full = await millwright(folder, 'restore', 'plant.tar.gz', '-c', 'plant.yaml')
    assert.match(full.stderr, /holds data already/)
    const running = await millwright(folder, 'restore', 'plant.tar.gz', '-c', 'plant.yaml', '--force')
    assert.equal(running.status, 1)
    assert.match(running.stderr, /JOURNAL_LOCKED/)
    await journal!.close()
    journal = undefined
    const forced = await millwright(folder, 'restore', 'plant.tar.gz', '-c', 'plant.yaml', '--force', '--json')
    assert.equal(forced.status, 0, forced.stderr)
    const { aside } = JSON.parse(forced.stdout) as { aside: string }
    assert.ok(existsSync(join(aside, 'journal', 'data.mdb')))
    journal = await openToWrite()
    assert.equal(journal.stats('samples').rows, 200)
  })

  it('restore: a damaged or cut backup changes nothing', async () => {
    await millwright(folder, 'backup', '-c', 'plant.yaml', '--out', 'plant.tar.gz')
    truncateSync(path('plant.tar.gz'), statSync(path('plant.tar.gz')).size - 20)
    const { status, stderr } = await millwright(folder, 'restore', 'plant.tar.gz', '--data', 'copy')
    assert.equal(status, 1)
    assert.match(stderr, /BACKUP_BROKEN/)
    assert.deepEqual(readdirSync(path('copy')), [])
  })
})

/** Flips bits in the middle of a record, as a bad disk would. */
async function damage(folder: string, offset: number): Promise<void> {
  const root = open<Uint8Array, string>({ path: folder, noSubdir: false, encoding: 'binary' })
  const records = root.openDB<Uint8Array, number>({ name: 'samples', encoding: 'binary' })
  const bytes = Uint8Array.from(records.get(offset)!)
  bytes[30] ^= 0xff
  await records.put(offset, bytes)
  await root.close()
}
