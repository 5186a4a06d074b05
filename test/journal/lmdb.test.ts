// Longer than others: one store, from writing to damage, in this process and in others.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { open } from 'lmdb'
import type { Journal, JournalRecord, Logger, Metrics } from '../../agent/core/index.ts'
import { BatchBuilder, JournalError, silentMetrics } from '../../agent/core/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'
import { until } from '../support/until.ts'

const settings = journalConfig.parse({})

function samples(value: number, length = 3): JournalRecord {
  const builder = new BatchBuilder('plc')
  for (let i = 0; i < length; i++) builder.add(i % 3, 1.7e12 + i, value + i, 0)
  return { kind: 'samples', batch: builder.take(1.7e12) }
}

/** Rows that do not compress. */
function noise(seed: number, length: number): JournalRecord {
  const builder = new BatchBuilder('plc', length)
  for (let i = 0; i < length; i++) builder.add(i % 3, 1.7e12 + i, Math.sin(seed * length + i), 0)
  return { kind: 'samples', batch: builder.take(1.7e12) }
}

const offsets = (journal: Journal): number[] => journal.read('samples', 0).map((entry) => entry.offset)

function recorder(): { log: Logger; lines: string[] } {
  const lines: string[] = []
  const note = (_: object, message: string): void => void lines.push(message)
  return { log: { debug: note, info: note, warn: note, error: note }, lines }
}

const withCode =
  (code: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof JournalError, String(error))
    assert.equal(error.code, code)
    assert.ok(error.remedy)
    return true
  }

/** Changes the bytes of a stored record behind the journal's back. */
async function damage(folder: string, offset: number, at: number): Promise<void> {
  const root = open({ path: folder, noSubdir: false, overlappingSync: false, encoding: 'binary' })
  const table = root.openDB<Uint8Array, number>({ name: 'samples', encoding: 'binary' })
  const bytes = Uint8Array.from(table.get(offset)!)
  bytes[at] ^= 255
  await table.put(offset, bytes)
  await root.close()
}

describe('journal in LMDB', () => {
  let folder: string
  let journal: Journal | undefined

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'journal-'))
  })

  afterEach(async () => {
    await journal?.close()
    journal = undefined
    await rm(folder, { recursive: true, force: true })
  })

  const start = async (options: { metrics?: Metrics; log?: Logger } = {}): Promise<Journal> => {
    await journal?.close()
    return (journal = await openJournal({ folder, settings, ...options }))
  }

  it('has everything again after it was closed', async () => {
    let opened = await start()
    const tag = opened.tags.resolve({ name: 'line1/pump1/vibration', type: 'number', unit: 'mm/s', source: 'plc' })
    await opened.append('samples', [samples(1), samples(2)])
    opened.tags.resolve({ name: 'line1/pump1/state', type: 'text' })
    await opened.append('dead', [])
    await opened.append('results', [{ kind: 'predictions', predictions: [], origin: 1 }])
    await opened.commit('sink', { offset: 1, state: { values: Float64Array.of(0.5) } })
    const before = opened.stats('samples')
    opened = await start()
    assert.deepEqual(
      opened.read('samples', 0),
      [samples(1), samples(2)].map((record, offset) => ({ ...record, offset })),
    )
    assert.deepEqual(opened.stats('samples'), before)
    assert.deepEqual(opened.cursor('sink'), { offset: 1, state: { values: Float64Array.of(0.5) } })
    assert.deepEqual(opened.tags.find('line1/pump1/vibration'), tag)
    assert.equal(opened.tags.find('line1/pump1/state')?.index, 1)
    assert.deepEqual(
      [0, 1, 2].map((offset) => opened.rowsBefore('samples', offset)),
      [0, 3, 6],
    )
    assert.equal(await opened.append('samples', [samples(3)]), 2)
    assert.deepEqual(offsets(opened), [0, 1, 2])
  })

  it('reads across what is on disk and what is in memory, when memory is not enough for all', async () => {
    const opened = await start()
    const big = samples(0.1, 100_000)
    for (let i = 0; i < 20; i++) await opened.append('samples', [big])
    assert.deepEqual(
      offsets(opened),
      Array.from({ length: 20 }, (_, i) => i),
    )
    assert.deepEqual(opened.read('samples', 0, 1)[0], { ...big, offset: 0 })
    assert.equal(opened.rowsBefore('samples', 3), 300_000)
    assert.equal(opened.rowsBefore('samples', 19), 1_900_000)
  })

  it('answers at every moment while it writes more than it keeps mapped', async function () {
    const opened = await start()
    await opened.commit('reader', { offset: 3 })
    const wrong: unknown[] = []
    let written = 0
    /** Two of them in turns: while one commit begins, what was waiting for the one before goes on and asks. */
    const writeAndAsk = async () => {
      while (written < 150) {
        await opened.append('samples', [noise(written++, 20_000)])
        for (let turn = 0; turn < 30; turn++) {
          await Promise.resolve()
          const { offset } = opened.cursor('reader')!
          const rows = opened.rowsBefore('samples', 1)
          const [first] = opened.read('samples', 0, 1)
          if (offset !== 3 || rows !== 20_000 || first.offset !== 0) wrong.push([offset, rows, first.offset])
        }
      }
    }
    const one = writeAndAsk()
    // Its commit has begun: the other one's is the next.
    await new Promise(setImmediate)
    await Promise.all([one, writeAndAsk()])
    assert.deepEqual(wrong, [])
  })

  it('skips a corrupt record, counts and reports it once, and goes on', async () => {
    await (
      await start()
    ).append(
      'samples',
      Array.from({ length: 5 }, (_, i) => samples(i)),
    )
    await journal!.close()
    await damage(folder, 2, 30)
    await damage(folder, 3, 2)
    const { log, lines } = recorder()
    const counted: unknown[] = []
    const opened = await start({
      log,
      metrics: { ...silentMetrics, count: (metric, amount, labels) => counted.push([metric, amount, labels]) },
    })
    assert.deepEqual(offsets(opened), [0, 1, 4])
    assert.deepEqual(
      opened.read('samples', 2, 1).map((entry) => entry.offset),
      [4],
      'a bad record is not the end',
    )
    assert.deepEqual(counted, Array(2).fill(['journal_corrupt_total', 1, { stream: 'samples' }]))
    assert.equal(lines.filter((line) => line.includes('corrupt')).length, 2)
    assert.ok(lines[0].includes('record 2 of samples'))
    assert.equal(opened.stats('samples').corrupt, 2)
    assert.equal(opened.rowsBefore('samples', 4), 12)
    assert.equal(await opened.append('samples', [samples(9)]), 5)
    assert.deepEqual(await opened.trim(3e12), { samples: 18 }, 'trimming takes corrupt ones along')
    assert.equal(opened.stats('samples').bytes, 0)
  })

  it('refuses a second writer, in this process and in another, and lets it in once the first is gone', async () => {
    const opened = await start()
    await opened.append('samples', [samples(1)])
    await assert.rejects(openJournal({ folder, settings }), withCode('JOURNAL_LOCKED'))
    const other = await child('open', folder)
    assert.match(other, /JOURNAL_LOCKED another agent \(process \d+\) writes/)
    await opened.close()
    assert.match(await child('open', folder), /opened/)
  })

  it('takes over the lock of a killed process at once', async () => {
    const holder = spawn(process.execPath, ['--import', 'tsx', childFile, 'hold', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(holder.stdout, 'data')
    await assert.rejects(openJournal({ folder, settings }), withCode('JOURNAL_LOCKED'))
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    assert.ok(existsSync(join(folder, 'writer.sock')), 'the file is left over')
    await (await start()).append('samples', [samples(1)])
  })

  it('is read by another process while it is written', async () => {
    const writer = spawn(process.execPath, ['--import', 'tsx', childFile, 'write', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await once(writer.stdout, 'data')
      const reader = await openJournal({ folder, settings, readOnly: true })
      const stop = new AbortController()
      let expected = 0
      for await (const entries of reader.follow('samples', 0, stop.signal)) {
        for (const entry of entries) {
          assert.equal(entry.offset, expected++)
          assert.ok(entry.kind === 'samples' && entry.batch.value[0] === entry.offset)
        }
        assert.ok(reader.stats('samples').next >= expected)
        if (expected > 1000) stop.abort()
      }
      assert.equal(reader.tags.find('line1/pump1/vibration')?.type, 'number')
      assert.equal(reader.rowsBefore('samples', 1000), 1000 * 50)
      await assert.rejects(
        reader.append('samples', [samples(1)]),
        (error: JournalError) => error.code === 'JOURNAL_READ_ONLY',
      )
      await reader.close()
    } finally {
      writer.kill('SIGKILL')
    }
  })

  it('says that a folder without a journal cannot be read', async () => {
    await assert.rejects(
      openJournal({ folder: join(folder, 'none'), settings, readOnly: true }),
      withCode('JOURNAL_IO'),
    )
  })

  it('says that the folder cannot be written: a file in its place', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    await assert.rejects(openJournal({ folder: file, settings }), withCode('JOURNAL_READ_ONLY'))
    await assert.rejects(openJournal({ folder: join(file, 'below'), settings }), withCode('JOURNAL_READ_ONLY'))
  })

  it('says that the folder cannot be written: no permission, or a file system mounted to read only', async function () {
    const locked = join(folder, 'locked')
    await mkdir(locked)
    // Permissions do not bind root, who may mount instead.
    const root = process.getuid?.() === 0
    if (!root) await chmod(locked, 0o555)
    else if (!(await run('mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', locked))) {
      skip(this, 'root is not bound by permissions and may not mount here')
    }
    try {
      await assert.rejects(openJournal({ folder: locked, settings }), withCode('JOURNAL_READ_ONLY'))
    } finally {
      if (root) await run('umount', locked)
      else await chmod(locked, 0o755)
    }
  })

  it('moves a damaged store aside, says so, and begins a new one', async () => {
    const { log, lines } = recorder()
    await (await start()).append('samples', [samples(1)])
    await journal!.close()
    await writeFile(join(folder, 'data.mdb'), Buffer.alloc(20_000, 7))
    let opened = await start({ log })
    assert.equal(await opened.append('samples', [samples(1)]), 0)
    assert.match(lines[0], /the journal is damaged .* moved to data\.mdb\.damaged-/)
    await opened.append(
      'samples',
      Array.from({ length: 50 }, (_, i) => samples(i, 5000)),
    )
    await opened.close()
    await truncate(join(folder, 'data.mdb'), 12_288)
    opened = await start({ log })
    assert.deepEqual(offsets(opened), [])
    assert.match(lines.join(), /ends early.*damaged/)
    assert.equal((await readdir(folder)).filter((name) => name.includes('damaged')).length, 2)
  })

  it('starts with a store that lost its end, and never by a crash', async () => {
    const { log, lines } = recorder()
    await (
      await start()
    ).append(
      'samples',
      Array.from({ length: 50 }, (_, i) => samples(i, 5000)),
    )
    for (let i = 0; i < 5; i++) await journal!.commit('sink', { offset: i })
    await journal!.close()
    const file = join(folder, 'data.mdb')
    await truncate(file, (await stat(file)).size - 4096 * 4)
    const opened = await start({ log })
    assert.ok(lines.some((line) => line.includes('ends early')))
    assert.ok(opened.read('samples', 0).length <= 50)
    await opened.append('samples', [samples(1)])
  })

  it('full disk: gives up what is oldest and goes on, with all that it acknowledged since', async function () {
    // A file system of its own, which Linux lets anybody mount in a namespace of their own.
    const outside = `${folder}.mdb`
    const inside = `mount -t tmpfs -o size=8m tmpfs "${folder}" && "${process.execPath}" --import tsx "${childFile}" fill "${folder}" && cp "${folder}/data.mdb" "${outside}"`
    if (!(await run('unshare', '-rm', 'true'))) skip(this, 'needs unshare, to mount a small file system')
    const { stdout } = await promisify(execFile)('unshare', ['-rm', 'bash', '-c', inside])
    assert.match(stdout, /gave up\n(ok \d+\n){500}still reads\nclosed/)
    const acknowledged = [...stdout.matchAll(/^ok (\d+)$/gm)].map((match) => Number(match[1]))
    await rename(outside, join(folder, 'data.mdb'))
    const kept = offsets(await start())
    assert.ok(kept.length > 100)
    assert.deepEqual(kept, acknowledged.slice(-kept.length), 'the newest, without a hole')
  })

  it('full disk: holds what has no room, and stores it once there is some', async function () {
    if (process.platform !== 'linux') skip(this, 'needs a limit on file size, set with prlimit')
    // A limit on the size of files acts like a full disk, for anybody and in the kernel.
    const command = `trap '' XFSZ; ulimit -S -f 2000; exec "${process.execPath}" --import tsx "${childFile}" full "${folder}"`
    const filler = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] })
    let output = ''
    filler.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
    try {
      await until('it holds all of it', () => output.includes('holds 2000'))
      assert.ok(await run('prlimit', '--pid', String(filler.pid), '--fsize=unlimited'), 'prlimit')
      await until('it stores all of it', () => output.includes('stored'))
      await until('it ends', () => filler.exitCode !== null)
    } finally {
      filler.kill('SIGKILL')
    }
    assert.equal(offsets(await start()).length, 2_000)
  })
})

function skip(context: Mocha.Context, why: string): never {
  context.test!.title += ` (skipped: ${why})`
  return context.skip()
}

const childFile = join(import.meta.dirname, 'child.ts')

async function child(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', childFile, ...args])
  return stdout
}

async function run(command: string, ...args: string[]): Promise<boolean> {
  return promisify(execFile)(command, args).then(
    () => true,
    () => false,
  )
}
