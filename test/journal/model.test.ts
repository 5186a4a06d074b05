import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { BatchBuilder, JournalError, silentMetrics, streams, type Entry, type JournalRecord, type Stream } from '../../agent/core/index.ts' // prettier-ignore
import { StoredJournal } from '../../agent/journal/journal.ts'
import { LmdbStore } from '../../agent/journal/lmdb.ts'
import { MemoryStore } from '../../agent/journal/memory.ts'
import type { Changes, Store } from '../../agent/journal/store.ts'
import { silent } from '../support/units.ts'

/** ms that records are kept; each record arrives a ms after the one before. */
const age = 40

/** What a journal is: lists of records by stream, places in them, and tags. */
interface Model {
  readonly lists: Record<Stream, { readonly offset: number; readonly value: number; readonly rows: number }[]>
  readonly cursors: Map<string, number>
  /** Tags that are stored for certain. */
  tags: number
  /** Records so far, stored or not: each has its number as its value and its time of arrival. */
  count: number
}

/** A journal over a store that can be refused, and be left as a crash leaves it. */
interface Real {
  journal: StoredJournal
  refuses: boolean
  open(crash: boolean): Promise<void>
  end(): Promise<void>
}

function over(store: Store, real: Pick<Real, 'refuses'>): StoredJournal {
  const faulty = new Proxy(store, {
    get: (target, key) => {
      if (key === 'commit')
        return (changes: Changes) =>
          real.refuses ? Promise.reject(new JournalError('JOURNAL_IO', 'refused')) : target.commit(changes)
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return new StoredJournal({ store: faulty, bounds: { size: 1e9, age }, metrics: silentMetrics, log: silent, readOnly: false }) // prettier-ignore
}

/** What the process had not given to the store is gone with it: nothing of it gets there later. */
function inMemory(): Promise<Real> {
  const store = new MemoryStore()
  let life = { refuses: false }
  const real: Real = {
    refuses: false,
    journal: undefined as unknown as StoredJournal,
    async open(crash) {
      if (crash) life.refuses = true
      else await real.journal.close()
      begin()
    },
    end: () => real.journal.close(),
  }
  const begin = () => {
    const own = (life = { refuses: false })
    real.journal = over(store, {
      get refuses() {
        return real.refuses || own.refuses
      },
    })
  }
  begin()
  return Promise.resolve(real)
}

/** A crash leaves the file as it is at that moment. */
async function inLmdb(): Promise<Real> {
  const root = mkdtempSync(join(tmpdir(), 'journal-model-'))
  let life = 0
  const folder = () => join(root, String(life))
  const opened = () => LmdbStore.open({ folder: folder(), log: silent, readOnly: false }, (store) => over(store, real))
  const real: Real = {
    refuses: false,
    journal: undefined as unknown as StoredJournal,
    async open(crash) {
      if (crash) {
        const file = join(folder(), 'data.mdb')
        life++
        mkdirSync(folder())
        copyFileSync(file, join(folder(), 'data.mdb'))
      }
      await real.journal.close()
      real.journal = await opened()
    },
    async end() {
      await real.journal.close()
      rmSync(root, { recursive: true })
    },
  }
  real.journal = await opened()
  return real
}

type Command = fc.AsyncCommand<Model, Real>

function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real)
      verify(model, real)
    },
    toString: () => name,
  }
}

/** Whatever happened, the journal reads as the lists do, and its counters add up. */
function verify({ lists, cursors, tags }: Model, { journal }: Real): void {
  for (const stream of streams) {
    const list = lists[stream]
    assert.deepEqual(
      journal.read(stream, 0).map(placed),
      list.map(({ offset, value }) => ({ offset, value })),
    )
    const { rows, rowsTrimmed, next } = journal.stats(stream)
    assert.equal(rows - rowsTrimmed, list.reduce((sum, one) => sum + one.rows, 0)) // prettier-ignore
    assert.ok(next > (list.at(-1)?.offset ?? -1))
  }
  for (const [name, offset] of cursors) assert.equal(journal.cursor(name)?.offset, offset)
  assert.ok(journal.tags.size >= tags)
}

const placed = (entry: Entry) => ({ offset: entry.offset, value: entry.kind === 'samples' ? entry.batch.value[0] : NaN }) // prettier-ignore

function records(model: Model, rows: readonly number[]): JournalRecord[] {
  return rows.map((length) => {
    const builder = new BatchBuilder('plc')
    for (let i = 0; i < length; i++) builder.add(0, 1e12 + i, i === 0 ? model.count : Math.sin(i), 0)
    return { kind: 'samples', batch: builder.take(model.count++) }
  })
}

/** Appends, with a tag that is new; what is told to have been stored is in the list from then on. */
async function append(model: Model, { journal }: Real, stream: Stream, rows: readonly number[]): Promise<void> {
  const first = model.count
  const all = records(model, rows)
  journal.tags.resolve({ name: `tag ${first}`, type: 'number' })
  const { size } = journal.tags
  const offset = await journal.append(stream, all)
  model.tags = size
  model.lists[stream].push(...rows.map((length, i) => ({ offset: offset + i, value: first + i, rows: length })))
}

/** Leaves an append to its fate, and the process after so many turns: all of it is there, or nothing. */
async function crashAmid(
  model: Model,
  real: Real,
  stream: Stream,
  rows: readonly number[],
  turns: number,
): Promise<void> {
  // prettier-ignore
  const first = model.count
  const appended = real.journal.append(stream, records(model, rows)).catch(() => undefined)
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
  await real.open(true)
  await appended
  const found = real.journal.read(stream, 0).map(placed).filter(({ value }) => value >= first) // prettier-ignore
  assert.ok(found.length === 0 || found.length === rows.length, `${found.length} of ${rows.length} records of one append`) // prettier-ignore
  model.lists[stream].push(...found.map((one, i) => ({ ...one, rows: rows[i] })))
}

async function refuse(model: Model, real: Real, stream: Stream, rows: readonly number[]): Promise<void> {
  real.refuses = true
  const both = await Promise.allSettled([1, 2].map(() => real.journal.append(stream, records(model, rows))))
  real.refuses = false
  assert.deepEqual(both.map(({ status }) => status), ['rejected', 'rejected']) // prettier-ignore
}

async function trim(model: Model, { journal }: Real): Promise<void> {
  const removed = await journal.trim(model.count)
  for (const stream of streams) {
    const kept = model.lists[stream].filter(({ value }) => value >= model.count - age)
    assert.equal(removed[stream] ?? 0, sum(model.lists[stream]) - sum(kept))
    model.lists[stream] = kept
  }
}

const sum = (list: readonly { readonly rows: number }[]) => list.reduce((rows, one) => rows + one.rows, 0)

const stream = fc.constantFrom(...streams)
const rows = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 })

const commands: fc.Arbitrary<Command>[] = [
  ...[1, 2, 3].map(() => fc.record({ stream, rows }).map(({ stream, rows }) => command(`append ${rows.join()} to ${stream}`, (model, real) => append(model, real, stream, rows)))), // prettier-ignore
  fc.record({ stream, rows }).map(({ stream, rows }) => command(`refuse ${stream}`, (model, real) => refuse(model, real, stream, rows))), // prettier-ignore
  fc.record({ stream, rows, turns: fc.nat(4) }).map(({ stream, rows, turns }) => command(`crash ${turns} turns after an append of ${rows.join()} to ${stream}`, (model, real) => crashAmid(model, real, stream, rows, turns))), // prettier-ignore
  fc.record({ stream, from: fc.nat(200), limit: fc.nat(20) }).map(({ stream, from, limit }) =>
    command(`read ${limit} from ${from} of ${stream}`, ({ lists }, { journal }) => {
      const expected = lists[stream].filter(({ offset }) => offset >= from).slice(0, limit)
      assert.deepEqual(journal.read(stream, from, limit).map(({ offset }) => offset), expected.map(({ offset }) => offset)) // prettier-ignore
      return Promise.resolve()
    }),
  ),
  fc.record({ name: fc.constantFrom('a', 'b'), offset: fc.nat(200) }).map(({ name, offset }) =>
    command(`cursor ${name} to ${offset}`, async ({ cursors }, { journal }) => {
      await journal.commit(name, { offset })
      cursors.set(name, offset)
    }),
  ),
  fc.constant(command('trim', trim)),
  fc.boolean().map((crash) => command(crash ? 'crash' : 'reopen', (_, real) => real.open(crash))),
]

for (const { store, open, runs } of [
  { store: 'memory', open: inMemory, runs: 300 },
  { store: 'lmdb', open: inLmdb, runs: 50 },
])
  describe(`journal as a list: ${store}`, () => {
    it('keeps what it says it has stored, in order and once, through crashes and refusals', async () => {
      const property = fc.asyncProperty(fc.commands(commands, { maxCommands: 40 }), async (drawn) => {
        const real = await open()
        const model: Model = { lists: { samples: [], results: [], dead: [] }, cursors: new Map(), tags: 0, count: 0 }
        try {
          await fc.asyncModelRun(() => ({ model, real }), drawn)
        } finally {
          await real.end()
        }
      })
      await fc.assert(property, { numRuns: runs })
    })
  })
