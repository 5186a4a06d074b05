import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Batch, Entry, Journal, JournalRecord, Prediction } from '../../agent/core/index.ts'
import { BatchBuilder, emptyBatch, JournalError } from '../../agent/core/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'

function batchOf(source: string, values: readonly number[], arrival = 1.7e12, tag = 0): Batch {
  const builder = new BatchBuilder(source)
  values.forEach((value, i) => builder.add(tag, arrival + i, value, 0))
  return builder.take(arrival)
}

const samples = (values: readonly number[], arrival?: number): JournalRecord => ({
  kind: 'samples',
  batch: batchOf('plc', values, arrival),
})

const prediction: Prediction = {
  time: 1.7e12,
  asset: 'line1/pump1',
  monitor: 'pump-health',
  kind: 'anomaly',
  score: 1.25,
  threshold: 7,
  state: 'normal',
  coverage: 1,
  revision: 1,
  model: 'm1',
  contributions: { vibration: 1, temperature: 0.25 },
}

const letter: JournalRecord = {
  kind: 'dead',
  letter: {
    time: 1.7e12,
    origin: 'mqtt',
    reason: 'malformed',
    detail: 'not JSON',
    subject: 'a/b',
    rows: 4,
    payload: Uint8Array.of(1, 2),
    size: 2,
  },
}

const valuesOf = (entry: Entry): number[] => (entry.kind === 'samples' ? [...entry.batch.value] : [])

for (const store of ['lmdb', 'memory'] as const) {
  describe(`journal contract: ${store}`, () => {
    let folder: string
    let journal: Journal
    const reopen = async (changes: { size?: string; age?: string } = {}): Promise<void> => {
      await journal.close()
      journal = await openJournal({ folder, settings: journalConfig.parse({ store, ...changes }) })
    }

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'journal-'))
      journal = await openJournal({ folder, settings: journalConfig.parse({ store }) })
    })

    afterEach(async () => {
      await journal.close()
      await rm(folder, { recursive: true })
    })

    it('gives records offsets in order, and back as they were', async () => {
      const records: JournalRecord[] = [
        samples([1, 2.5]),
        { kind: 'event', event: { type: 'gap', time: 1, source: 'plc', from: 1, to: 2, detail: 'lost' }, arrival: 5 },
        { kind: 'samples', batch: emptyBatch('clock', 9), origin: 3 },
      ]
      assert.equal(await journal.append('samples', records), 0)
      assert.equal(await journal.append('samples', [samples([7])]), 3)
      const entries = journal.read('samples', 0)
      assert.deepEqual(
        entries,
        [...records, samples([7])].map((record, offset) => ({ ...record, offset })),
      )
    })

    it('shows appended entries at once, before they are durable', async () => {
      const stored = journal.append('samples', [samples([1])])
      assert.deepEqual(journal.read('samples', 0).map(valuesOf), [[1]])
      assert.equal(journal.stats('samples').next, 1)
      assert.equal(journal.stats('samples').rows, 0, 'counted only when stored')
      await stored
      assert.equal(journal.stats('samples').rows, 1)
    })

    it('keeps the order of concurrent appends', async () => {
      const offsets = await Promise.all(
        Array.from({ length: 200 }, (_, i) => journal.append('samples', [samples([i]), samples([i, i])])),
      )
      assert.deepEqual(
        offsets,
        Array.from({ length: 200 }, (_, i) => i * 2),
      )
      assert.deepEqual(
        journal.read('samples', 0).map((entry) => [entry.offset, valuesOf(entry)[0]]),
        Array.from({ length: 400 }, (_, i) => [i, i >> 1]),
      )
    })

    it('reads from an offset, at most so many, nothing beyond the end', async () => {
      await journal.append(
        'samples',
        Array.from({ length: 10 }, (_, i) => samples([i])),
      )
      assert.deepEqual(
        journal.read('samples', 4, 3).map((entry) => entry.offset),
        [4, 5, 6],
      )
      assert.deepEqual(journal.read('samples', 10), [])
      assert.deepEqual(journal.read('samples', 4, 0), [])
      assert.deepEqual(journal.read('results', 0), [])
      assert.equal(await journal.append('samples', []), 10)
    })

    it('keeps streams apart and counts rows by key', async () => {
      await journal.append('samples', [samples([1, 2]), { kind: 'samples', batch: batchOf('mqtt', [1]) }])
      await journal.append('results', [
        { ...samples([1, 2, 3]), origin: 0 } as JournalRecord,
        { kind: 'predictions', predictions: [prediction, prediction], origin: 0 },
        { kind: 'predictions', predictions: [], origin: 1 },
      ])
      await journal.append('dead', [letter, letter])
      assert.deepEqual(journal.stats('samples').totals, { plc: 2, mqtt: 1 })
      assert.deepEqual(journal.stats('results').totals, { samples: 3, predictions: 2 })
      assert.deepEqual(journal.stats('dead').totals, { 'mqtt/malformed': 8 })
      assert.equal(journal.stats('results').rows, 5)
      assert.equal(journal.stats('results').next, 3)
      assert.deepEqual(journal.read('dead', 1), [{ ...letter, offset: 1 }])
    })

    it('says how many rows come before an offset', async () => {
      await journal.append('samples', [samples([1, 2]), samples([]), samples([3]), samples([4, 5, 6])])
      assert.deepEqual(
        [0, 1, 2, 3, 4, 99].map((offset) => journal.rowsBefore('samples', offset)),
        [0, 2, 2, 3, 6, 6],
      )
    })

    it('follows: what is there, then what comes, until it is aborted', async () => {
      await journal.append('samples', [samples([0]), samples([1])])
      const stop = new AbortController()
      const seen: number[] = []
      const following = (async () => {
        for await (const entries of journal.follow('samples', 1, stop.signal)) {
          seen.push(...entries.map((entry) => entry.offset))
          if (seen.length === 3) stop.abort()
        }
      })()
      await journal.append('samples', [samples([2])])
      await journal.append('samples', [samples([3])])
      await following
      assert.deepEqual(seen, [1, 2, 3])
    })

    it('ends a follower that waits when it is aborted or the journal closes', async () => {
      const stop = new AbortController()
      const drain = async (signal: AbortSignal): Promise<string> => {
        for await (const entries of journal.follow('samples', 0, signal)) assert.equal(entries.length, 0)
        return 'ended'
      }
      const aborted = drain(stop.signal)
      const closed = drain(new AbortController().signal)
      stop.abort()
      assert.equal(await aborted, 'ended')
      await journal.close()
      assert.equal(await closed, 'ended')
    })

    it('follows in chunks of bounded size', async () => {
      const big = samples(Array.from({ length: 30_000 }, (_, i) => i))
      await journal.append('samples', [big, big, big, big])
      await journal.append(
        'samples',
        Array.from({ length: 600 }, () => samples([1])),
      )
      const stop = new AbortController()
      const sizes: number[] = []
      let count = 0
      for await (const entries of journal.follow('samples', 0, stop.signal)) {
        sizes.push(entries.length)
        if ((count += entries.length) === 604) stop.abort()
      }
      assert.equal(sizes[0], 3, 'a chunk ends once it has 65,536 rows')
      assert.ok(Math.max(...sizes) <= 256)
    })

    it('keeps named places with their state', async () => {
      assert.equal(journal.cursor('influx'), undefined)
      await journal.commit('influx', { offset: 3 })
      const state = {
        sums: Float64Array.of(1.5, NaN),
        names: ['a'],
        nested: { big: 12345678901234567890n, none: null },
      }
      await journal.commit('pipeline', { offset: 7, state })
      await journal.commit('influx', { offset: 4 })
      assert.deepEqual(journal.cursor('influx'), { offset: 4 })
      assert.deepEqual(journal.cursor('pipeline'), { offset: 7, state })
    })

    it('refuses work once it is closed, and closes twice without harm', async () => {
      await journal.close()
      const closed = (error: unknown): boolean => error instanceof JournalError && error.code === 'JOURNAL_CLOSED'
      await assert.rejects(journal.append('samples', [samples([1])]), closed)
      await assert.rejects(journal.commit('a', { offset: 1 }), closed)
      assert.throws(() => journal.read('samples', 0), closed)
      await journal.close()
    })

    it('stores what was appended before it is closed', async () => {
      const stored = journal.append('samples', [samples([1])])
      await journal.close()
      assert.equal(await stored, 0)
    })

    it('takes none of an append of which one record cannot be encoded', async () => {
      const broken = { kind: 'event', event: null, arrival: 1 } as unknown as JournalRecord
      await assert.rejects(journal.append('samples', [samples([1]), broken, samples([2])]))
      assert.equal(await journal.append('samples', [samples([3])]), 0)
      assert.deepEqual(journal.read('samples', 0).map(valuesOf), [[3]])
    })

    it('trims what is too old, oldest first', async () => {
      const now = 1.7e12
      const day = 86_400_000
      for (const age of [40, 35, 20, 1]) await journal.append('samples', [samples([1, 2], now - age * day)])
      await journal.append('dead', [letter])
      assert.deepEqual(await journal.trim(now), { samples: 4 })
      assert.deepEqual(
        journal.read('samples', 0).map((entry) => entry.offset),
        [2, 3],
      )
      const { first, next, rows, rowsTrimmed } = journal.stats('samples')
      assert.deepEqual({ first, next, rows, rowsTrimmed }, { first: 2, next: 4, rows: 8, rowsTrimmed: 4 })
      assert.deepEqual(
        [0, 2, 3, 4].map((offset) => journal.rowsBefore('samples', offset)),
        [4, 4, 6, 8],
      )
      assert.deepEqual(await journal.trim(now), {})
    })

    it('trims all and goes on', async () => {
      await journal.append('samples', [samples([1, 2], 1e12), samples([3], 1e12)])
      assert.deepEqual(await journal.trim(1.7e12), { samples: 3 })
      assert.deepEqual(journal.read('samples', 0), [])
      assert.equal(journal.stats('samples').first, 2)
      assert.equal(journal.stats('samples').bytes, 0)
      assert.equal(await journal.append('samples', [samples([4])]), 2)
      assert.equal(journal.stats('samples').first, 2)
      assert.equal(journal.rowsBefore('samples', 2), 3)
    })

    it('trims what is too much, the oldest of all streams first, and dead letters before them', async () => {
      await reopen({ size: '100kB' })
      const noise = (seed: number): number[] => Array.from({ length: 100 }, (_, i) => Math.sin(seed * 1000 + i))
      const record = (i: number): JournalRecord => ({ kind: 'samples', batch: batchOf('plc', noise(i), 1.7e12 + i) })
      for (let i = 0; i < 400; i++) await journal.append(i % 2 ? 'samples' : 'results', [record(i)])
      await journal.append(
        'dead',
        Array.from({ length: 60 }, () => letter),
      )
      await journal.trim(1.7e12)
      const [first, second, dead] = [journal.stats('samples'), journal.stats('results'), journal.stats('dead')]
      assert.ok(first.bytes + second.bytes + dead.bytes <= 100_000)
      assert.ok(dead.bytes <= 100_000 / 16 + 1000)
      assert.ok(first.bytes > 20_000 && second.bytes > 20_000)
      const oldest = [journal.read('samples', 0, 1)[0], journal.read('results', 0, 1)[0]]
      assert.equal(oldest[0].offset, first.first)
      assert.equal(oldest[1].offset, second.first)
    })

    it('stays within its size without being told to trim', async () => {
      await reopen({ size: '50kB' })
      for (let i = 0; i < 400; i++) {
        const values = Array.from({ length: 50 }, (_, j) => Math.sin(i * 50 + j))
        await journal.append('samples', [{ kind: 'samples', batch: batchOf('plc', values, 1.7e12 + i) }])
        assert.ok(journal.stats('samples').bytes < 60_000)
      }
      const { first, rows, rowsTrimmed } = journal.stats('samples')
      assert.equal(rows, 20_000)
      assert.equal(rowsTrimmed, first * 50)
      assert.deepEqual(journal.read('samples', 0, 1)[0].offset, first)
    })
  })
}
