import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DeliveryError, JournalError, silentMetrics, type Entry, type Journal, type Prediction, type Rejection } from '../../agent/core/index.ts' // prettier-ignore
import { deliver, type Delivery } from '../../agent/delivery/delivery.ts'
import { silent } from '../support/units.ts'
import { checkedLedger, handled, KeepingSink, numbered, openMemoryJournal } from './parts.ts'

const clock = { now: () => 1_700_000_000_000 }
const pace = { rows: 7, linger: 0, retry: 1, slowest: 2, grace: 5 }

/** What a far side may be: as it should be, gone, slow, or one that takes all and does not say so. */
type Mood = 'up' | 'down' | 'slow' | 'vague'

/** A far side with moods, where a prediction takes the place of an earlier revision. */
class MoodySink extends KeepingSink {
  mood: Mood = 'up'
  readonly revisions = new Map<number, number>()
  /** Values that were written, and those that may be written once more as nobody was told. */
  readonly times = new Map<number, number>()
  readonly doubtful = new Set<number>()

  override async write(entries: readonly Entry[]): Promise<readonly Rejection[]> {
    const { mood } = this
    if (mood === 'down') throw new DeliveryError('DELIVERY_UNREACHABLE', 'down')
    if (mood === 'slow') for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    const rejections = await super.write(entries)
    for (const entry of entries) {
      if (entry.kind === 'predictions') for (const { time, revision } of entry.predictions) this.revisions.set(time, revision) // prettier-ignore
      if (entry.kind === 'samples') for (const value of entry.batch.value) this.times.set(value, (this.times.get(value) ?? 0) + 1) // prettier-ignore
    }
    if (mood === 'vague') {
      this.doubt(entries)
      throw new DeliveryError('DELIVERY_UNREACHABLE', 'no answer')
    }
    return rejections
  }

  doubt(entries: readonly Entry[]): void {
    for (const entry of entries) if (entry.kind === 'samples') for (const value of entry.batch.value) this.doubtful.add(value) // prettier-ignore
  }
}

/** What has been appended: samples numbered from 0 on, and the newest revision of each window. */
interface Model {
  samples: number
  predictions: number
  readonly revisions: Map<number, number>
}

/** A journal that outlives the deliveries from it. */
class Real {
  readonly sink = new MoodySink()
  readonly journal: Journal
  readonly #refuseEvery: number
  #delivery: Delivery | undefined
  #stop = new AbortController()
  #crashed = false

  constructor(journal: Journal, refuseEvery: number) {
    this.journal = journal
    this.#refuseEvery = refuseEvery
    this.sink.refuse = (value) => (this.isRefused(value) ? 'refused' : undefined)
    this.start()
  }

  isRefused(value: number): boolean {
    return value % this.#refuseEvery === this.#refuseEvery - 1
  }

  start(): void {
    this.#stop = new AbortController()
    this.#crashed = false
    const journal = new Proxy(this.journal, {
      get: (target, key: keyof Journal) => {
        if (key === 'commit' && this.#crashed) return () => Promise.reject(new JournalError('JOURNAL_CLOSED', 'killed'))
        const value = target[key]
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value
      },
    })
    const { signal } = this.#stop
    this.#delivery = deliver({ name: 'far', sink: this.sink, journal, metrics: silentMetrics, log: silent, clock, signal, pace }) // prettier-ignore
    // A crash in here is the test's own doing.
    this.#delivery.done.catch(() => undefined)
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await this.#delivery?.done.catch(() => undefined)
  }

  /** Whatever is written from now on is not remembered: what comes first is written again after it. */
  async crash(turns: number): Promise<void> {
    const before = this.sink.writes.length
    this.#crashed = true
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
    await this.end()
    const since = this.sink.writes.slice(Math.max(0, before - 1))
    assert.ok(since.length <= 3, `${since.length} writes without a place that is kept`)
    for (const entries of since) this.sink.doubt(entries)
    this.start()
  }
}

function command(name: string, run: (model: Model, real: Real) => unknown): fc.AsyncCommand<Model, Real> {
  return {
    check: () => true,
    toString: () => name,
    run: async (model, real) => {
      await run(model, real)
      assert.equal(checkedLedger(real.journal, 'far').stored, model.samples + model.predictions)
    },
  }
}

async function appendSamples(model: Model, { journal }: Real, entries: number, rows: number): Promise<void> {
  const records = Array.from({ length: entries }, (_, i) => numbered(model.samples + i * rows, rows))
  model.samples += entries * rows
  await journal.append('results', records)
}

/** A window is judged, and judged again by what came late. */
async function appendPrediction(model: Model, { journal }: Real, time: number): Promise<void> {
  const revision = (model.revisions.get(time) ?? 0) + 1
  model.revisions.set(time, revision)
  model.predictions++
  const prediction: Prediction = { time, asset: 'pump', monitor: 'health', kind: 'anomaly', score: revision, threshold: 7, state: 'normal', coverage: 1, revision, model: 'm', contributions: {} } // prettier-ignore
  await journal.append('results', [{ kind: 'predictions', predictions: [prediction], origin: 0 }])
}

const commands = [
  fc
    .record({ entries: fc.nat(20), rows: fc.integer({ min: 1, max: 5 }) })
    .map(({ entries, rows }) =>
      command(`${entries} entries of ${rows} rows`, (model, real) => appendSamples(model, real, entries, rows)),
    ),
  fc.nat(4).map((time) => command(`window ${time}`, (model, real) => appendPrediction(model, real, time))),
  fc.constantFrom<Mood>('up', 'up', 'down', 'slow', 'vague').map((mood) => command(mood, (_, { sink }) => (sink.mood = mood))), // prettier-ignore
  fc.nat(30).map((turns) =>
    command(`${turns} turns`, async () => {
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
    }),
  ),
  fc.nat(5).map((turns) => command(`crash after ${turns} turns`, (_, real) => real.crash(turns))),
  fc.constant(command('restart', async (_, real) => { await real.end(); real.start() })), // prettier-ignore
]

/** Each row is with the far side or in the dead letters, and nothing was written again that nobody could doubt. */
function assertConserved({ samples, predictions, revisions }: Model, real: Real): void {
  const { sink, journal } = real
  const all = Array.from({ length: samples }, (_, value) => value)
  const refused = all.filter((value) => real.isRefused(value))
  assert.deepEqual(sink.distinct, all.filter((value) => !real.isRefused(value))) // prettier-ignore
  const again = [...sink.times].filter(([value, times]) => times > 1 && !sink.doubtful.has(value))
  assert.deepEqual(again, [], 'written twice')
  assert.deepEqual(new Map([...sink.revisions].sort()), new Map([...revisions].sort()), 'the newest revision stands')
  for (const entries of sink.writes) assert.deepEqual(entries.map(({ offset }) => offset).sort((a, b) => a - b), entries.map(({ offset }) => offset), 'in order') // prettier-ignore
  const { delivered, dead, trimmed } = checkedLedger(journal, 'far')
  assert.deepEqual({ delivered, dead, trimmed }, { delivered: samples + predictions - refused.length, dead: refused.length, trimmed: 0 }) // prettier-ignore
  // At least once: what a crash kept from the cursor has its letters twice.
  const letters = journal.read('dead', 0).flatMap((entry) => (entry.kind === 'dead' ? [entry.letter.rows] : []))
  assert.ok(letters.reduce((sum, rows) => sum + rows, 0) >= refused.length)
}

describe('delivery as a list', () => {
  it('loses nothing, keeps the order, and writes only that again of which it could not know', async () => {
    const property = fc.asyncProperty(
      fc.commands(commands, { maxCommands: 40 }),
      fc.integer({ min: 3, max: 50 }),
      async (drawn, refuseEvery) => {
        const journal = await openMemoryJournal()
        const real = new Real(journal, refuseEvery)
        const model: Model = { samples: 0, predictions: 0, revisions: new Map() }
        try {
          await fc.asyncModelRun(() => ({ model, real }), drawn)
          real.sink.mood = 'up'
          await handled(journal, 'far', model.samples + model.predictions)
          await real.end()
          assertConserved(model, real)
        } finally {
          await real.end()
          await journal.close()
        }
      },
    )
    await fc.assert(property, { numRuns: 300 })
  })
})
