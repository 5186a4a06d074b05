import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Journal } from '../../agent/core/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'

const kills = 50
/** In ms, from the first append on. */
const longestLife = 150

function startWriter(folder: string): ChildProcessByStdio<Writable, Readable, null> {
  const file = join(import.meta.dirname, 'child.ts')
  return spawn(process.execPath, ['--import', 'tsx', file, 'crash', folder], { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** The life of a writing process, killed at a random moment. Gives the appends it said were acknowledged. */
async function life(writer: ChildProcessByStdio<Writable, Readable, null>): Promise<[first: number, count: number][]> {
  let output = ''
  writer.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
  const closed = once(writer, 'close')
  writer.stdin.write('go')
  while (!output.includes('writing')) {
    assert.equal(writer.exitCode, null, output)
    await delay(5)
  }
  await delay(Math.random() * longestLife)
  writer.kill('SIGKILL')
  await closed
  return [...output.matchAll(/^ok (\d+) (\d+)$/gm)].map((match) => [Number(match[1]), Number(match[2])])
}

/** Every record from `from` on is whole and in its place. Gives the offset behind the last. */
function check(journal: Journal, from: number): number {
  let expected = from
  for (const entry of journal.read('samples', from)) {
    assert.equal(entry.offset, expected, 'no record is missing between others')
    assert.ok(entry.kind === 'samples')
    const { batch, offset } = entry
    assert.equal(batch.length, 5 + (offset % 60))
    for (let i = 0; i < batch.length; i++) {
      assert.equal(batch.value[i], i === 0 ? offset : Math.sin(offset * 1000 + i))
    }
    expected++
  }
  return expected
}

describe('journal under SIGKILL', () => {
  it(`has every acknowledged record and no half append after each of ${kills} kills`, async function () {
    const folder = await mkdtemp(join(tmpdir(), 'journal-'))
    let writer = startWriter(folder)
    try {
      let stored = 0
      let acknowledgedInAll = 0
      for (let kill = 0; kill < kills; kill++) {
        const dying = writer
        writer = startWriter(folder)
        const acknowledged = await life(dying)
        const journal = await openJournal({ folder, settings: journalConfig.parse({}) })
        const next = check(journal, stored)
        for (const [first, count] of acknowledged) {
          assert.ok(first >= stored && first + count <= next, `append ${first} was acknowledged and is lost`)
        }
        assert.equal(journal.stats('samples').next, next)
        assert.equal(journal.stats('samples').corrupt, 0)
        assert.equal(journal.rowsBefore('samples', next), journal.stats('samples').rows)
        assert.ok(
          (journal.cursor('reader')?.offset ?? 0) < next || next === 0,
          'a cursor is never ahead of the appends before it',
        )
        // An append is whole or not at all: the sizes follow from the offsets at which appends start.
        const start = wholeAppends(stored, next)
        assert.equal(start, next, 'the last append is whole')
        acknowledgedInAll += acknowledged.length
        stored = next
        await journal.close()
      }
      assert.ok(acknowledgedInAll > kills, `${acknowledgedInAll} appends were acknowledged`)
    } finally {
      writer.kill('SIGKILL')
      await rm(folder, { recursive: true })
    }
  })
})

/** Walks over appends as the writer makes them, from `from`; stops at or beyond `to`. */
function wholeAppends(from: number, to: number): number {
  let at = from
  while (at < to) at += 1 + (at % 3)
  return at
}
