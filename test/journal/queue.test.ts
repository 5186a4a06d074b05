import assert from 'node:assert/strict'
import type { JournalRecord, Logger } from '../../agent/core/index.ts'
import { BatchBuilder, JournalError, silentMetrics } from '../../agent/core/index.ts'
import { StoredJournal } from '../../agent/journal/journal.ts'
import { MemoryStore } from '../../agent/journal/memory.ts'
import type { Changes } from '../../agent/journal/store.ts'
import { until } from '../support/until.ts'

/** A store whose commits are counted, and refused while `failing` is set. */
class FaultyStore extends MemoryStore {
  failing: 'JOURNAL_IO' | 'JOURNAL_FULL' | undefined
  /** Until records are removed. */
  needsRoom = false
  readonly commits: Changes[] = []
  #removed = 0

  override commit(changes: Changes): Promise<void> {
    this.commits.push({ ...changes, meta: new Map(changes.meta) })
    if (this.needsRoom && changes.removals.length > 0) this.#removed += changes.removals[0].offsets.length
    if (this.#removed > 50) this.failing = undefined
    if (this.failing && !(this.needsRoom && changes.removals.length > 0))
      return Promise.reject(new JournalError(this.failing, 'no'))
    return super.commit(changes)
  }
}

function samples(...values: readonly number[]): JournalRecord {
  return batchOf(values)
}

function batchOf(values: readonly number[], arrival = 1.7e12): JournalRecord {
  const builder = new BatchBuilder('plc')
  for (const value of values) builder.add(0, 1.7e12, value, 0)
  return { kind: 'samples', batch: builder.take(arrival) }
}

describe('journal: group commit', () => {
  let store: FaultyStore
  let lines: string[]
  const openOver = (over: FaultyStore): StoredJournal => {
    const note = (_: object, message: string): void => void lines.push(message)
    const log: Logger = { debug: note, info: note, warn: note, error: note }
    return new StoredJournal({
      store: over,
      bounds: { size: 1e9, age: 1e15 },
      metrics: silentMetrics,
      log,
      readOnly: false,
    })
  }

  beforeEach(() => {
    store = new FaultyStore()
    lines = []
  })

  it('puts what comes in one turn into one commit, and what comes meanwhile into the next', async () => {
    const journal = openOver(store)
    const first = [
      journal.append('samples', [samples(1)]),
      journal.append('results', [samples(2)]),
      journal.commit('a', { offset: 1 }),
    ]
    let second: Promise<number> | undefined
    const commit = store.commit.bind(store)
    store.commit = (changes) => {
      second ??= journal.append('samples', [samples(3)])
      return commit(changes)
    }
    await Promise.all(first)
    await second
    assert.deepEqual(
      store.commits.map((changes) => changes.puts.length),
      [2, 1],
    )
    assert.ok(store.commits[0].meta.has('cursor/a'))
  })

  it('takes back what could not be stored, leaves its offsets empty for good, and goes on', async () => {
    const journal = openOver(store)
    await journal.append('samples', [samples(1, 1)])
    store.failing = 'JOURNAL_IO'
    const refused = journal.append('samples', [samples(2, 2, 2), samples(3)])
    assert.equal(journal.read('samples', 0).length, 3)
    await assert.rejects(refused, (error: JournalError) => error.code === 'JOURNAL_IO')
    assert.ok(journal.failing)
    store.failing = undefined
    assert.deepEqual(
      journal.read('samples', 0).map((entry) => entry.offset),
      [0],
    )
    assert.equal(journal.stats('samples').rows, 2)
    await journal.append('results', [samples(9)])
    const again = openOver(store)
    assert.equal(again.stats('samples').next, 3, 'an offset that readers have seen never means another record')
    assert.equal(await again.append('samples', [samples(4)]), 3)
    assert.deepEqual(
      again.read('samples', 0).map((entry) => entry.offset),
      [0, 3],
    )
    assert.equal(again.rowsBefore('samples', 3), 2)
    assert.equal(lines.length, 2)
    assert.match(lines.join(), /nothing is stored.*stores again/)
  })

  it('refuses what waits behind an append that could not be stored, of the same stream only', async () => {
    const journal = openOver(store)
    let later: Promise<number> | undefined
    let other: Promise<number> | undefined
    store.failing = 'JOURNAL_IO'
    const commit = store.commit.bind(store)
    store.commit = (changes) => {
      later ??= journal.append('samples', [samples(7, 8), samples(9)])
      later.catch(() => undefined)
      other ??= journal.append('results', [samples(5)])
      const done = commit(changes)
      store.failing = undefined
      return done
    }
    await assert.rejects(journal.append('samples', [samples(1, 2, 3, 4)]))
    await assert.rejects(later!, { code: 'JOURNAL_IO' })
    assert.equal(await other, 0)
    assert.equal(journal.failing, false)
    assert.deepEqual(journal.read('samples', 0), [])
    assert.equal(journal.stats('samples').rows, 0)
    assert.equal(await journal.append('samples', [samples(6)]), 3)
    const again = openOver(store)
    assert.deepEqual(again.stats('samples').totals, { plc: 1 })
    assert.equal(again.rowsBefore('samples', 3), 0)
  })

  it('holds what comes while the disk is full, shows it to readers, and stores it in order once there is room', async () => {
    const journal = openOver(store)
    store.failing = 'JOURNAL_FULL'
    const stored: number[] = []
    const appends = [1, 2, 3].map((value) => journal.append('samples', [samples(value)]))
    await until('it holds', () => journal.holding)
    appends.push(journal.append('samples', [samples(4)]))
    const cursor = journal.commit('a', { offset: 4 })
    for (const append of appends) void append.then((offset) => stored.push(offset))
    assert.equal(journal.read('samples', 0).length, 4, 'readers have all of it')
    assert.equal(journal.failing, false)
    assert.equal(journal.cursor('a'), undefined)
    assert.deepEqual(stored, [])
    store.failing = undefined
    await Promise.all([...appends, cursor])
    assert.deepEqual(stored, [0, 1, 2, 3])
    assert.equal(journal.holding, false)
    assert.equal(lines.filter((line) => line.includes('nothing is acknowledged')).length, 1, 'said once')
    assert.match(lines.join(), /nothing is acknowledged.*stores again/)
    const again = openOver(store)
    assert.deepEqual(
      again.read('samples', 0).map(({ offset }) => offset),
      [0, 1, 2, 3],
    )
    assert.deepEqual([again.stats('samples').rows, again.cursor('a')?.offset], [4, 4])
  })

  it('gives up what is oldest on a full disk, first of that which nobody needs', async () => {
    const journal = openOver(store)
    const values = Array.from({ length: 2_000 }, (_, i) => Math.sin(i))
    const much = (i: number) => [batchOf(values, 1.7e12 + i)]
    for (let i = 0; i < 150; i++)
      await Promise.all([journal.append('samples', much(i)), journal.append('results', much(i))])
    journal.spare(() => ({ samples: 30, results: 0 }))
    store.failing = 'JOURNAL_FULL'
    store.needsRoom = true
    await journal.append('samples', much(150))
    const [kept, results] = [journal.stats('samples'), journal.stats('results')]
    assert.ok(kept.first >= 30, 'all that nobody needs')
    assert.ok(results.first > 0, 'and then the others')
    assert.ok(kept.first + results.first < 250, 'no more than makes room')
    assert.equal(journal.read('samples', 0)[0].offset, kept.first)
    await until('it says so', () => lines.some((line) => line.includes('make room')))
  })

  it('refuses what has no room where it is told to hurry, and what would take too much memory', async () => {
    const journal = openOver(store)
    store.failing = 'JOURNAL_FULL'
    const held = journal.append('samples', [samples(1)])
    const much = batchOf(Array.from({ length: 1_000_000 }, (_, i) => Math.sin(i)))
    await until('it holds', () => journal.holding)
    const refusals: unknown[] = []
    for (let i = 0; refusals.length === 0; i++) {
      assert.ok(i < 50, 'there is a bound')
      journal.append('results', [much]).catch((error: unknown) => refusals.push(error))
      await new Promise(setImmediate)
    }
    assert.equal((refusals[0] as JournalError).code, 'JOURNAL_FULL')
    journal.hurry()
    await assert.rejects(held, (error: JournalError) => error.code === 'JOURNAL_FULL')
    assert.deepEqual(journal.read('samples', 0), [])
    store.failing = undefined
    await journal.append('samples', [samples(2)])
  })

  it('stores a tag with the first append after it appears, once', async () => {
    const journal = openOver(store)
    journal.tags.resolve({ name: 'line1/pump1/flow', type: 'number' })
    store.failing = 'JOURNAL_IO'
    await assert.rejects(journal.append('samples', [samples(1)]))
    store.failing = undefined
    await journal.append('samples', [samples(1)])
    await journal.append('samples', [samples(1)])
    assert.deepEqual(
      store.commits.map((changes) => changes.meta.has('tag/0')),
      [true, true, false],
    )
    assert.equal(openOver(store).tags.find('line1/pump1/flow')?.index, 0)
  })
})
