import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DeliveryError, JournalError, silentMetrics, type Journal, type Logger } from '../../agent/core/index.ts'
import { deliver, type Delivery } from '../../agent/delivery/delivery.ts'
import { checkedLedger, handled, KeepingSink, numbered, openMemoryJournal } from './parts.ts'

const silent = () => undefined
const log: Logger = { debug: silent, info: silent, warn: silent, error: silent }
const clock = { now: () => 1_700_000_000_000 }

type Step = { do: 'append'; entries: number; rows: number } | { do: 'break' | 'mend' | 'restart' | 'crash' | 'breathe' }

/** One agent's life: a sink that fails at random, restarts, crashes before the cursor is stored. */
class Life {
  readonly sink = new KeepingSink()
  rows = 0
  readonly #journal: Journal
  #delivery: Delivery | undefined
  #stop = new AbortController()
  #crashing = false

  constructor(journal: Journal, failEvery: number, refuseEvery: number) {
    this.#journal = journal
    this.sink.behave = () => this.#behave(failEvery)
    this.sink.refuse = (value) =>
      value % refuseEvery === refuseEvery - 1 ? `refused, every ${refuseEvery}` : undefined
  }

  broken = false
  #behave(failEvery: number): void {
    if (this.broken || this.sink.attempts % failEvery === 0) throw new DeliveryError('DELIVERY_UNREACHABLE', 'down')
  }

  start(): void {
    this.#stop = new AbortController()
    this.#crashing = false
    const journal = new Proxy(this.#journal, {
      get: (target, key: keyof Journal) => {
        if (key === 'commit' && this.#crashing)
          return () => Promise.reject(new JournalError('JOURNAL_CLOSED', 'killed'))
        const value = target[key]
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value
      },
    })
    const pace = { rows: 7, linger: 0, retry: 1, slowest: 2, grace: 5 }
    const { sink } = this
    const { signal } = this.#stop
    this.#delivery = deliver({ name: 'far', sink, journal, metrics: silentMetrics, log, clock, signal, pace })
    // A crash in here is the test's own doing.
    this.#delivery.done.catch(() => undefined)
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await this.#delivery?.done.catch(() => undefined)
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'append': {
        const records = Array.from({ length: step.entries }, (_, i) => numbered(this.rows + i * step.rows, step.rows))
        this.rows += step.entries * step.rows
        await this.#journal.append('results', records)
        break
      }
      case 'break':
        this.broken = true
        break
      case 'mend':
        this.broken = false
        break
      case 'crash':
        this.#crashing = true
        await new Promise(setImmediate)
        await this.end()
        this.start()
        break
      case 'restart':
        await this.end()
        this.start()
        break
      case 'breathe':
        for (let i = 0; i < 5; i++) await new Promise(setImmediate)
    }
  }
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      entries: fc.nat(20),
      rows: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'breathe' }) },
  { weight: 3, arbitrary: fc.constantFrom<Step>({ do: 'break' }, { do: 'mend' }, { do: 'restart' }, { do: 'crash' }) },
)

describe('delivery with random failures', () => {
  it('loses nothing, delivers or dead-letters every row, and its ledger adds up at every step', async function () {
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 2, max: 5 }),
      fc.integer({ min: 3, max: 50 }),
      async (steps, failEvery, refuseEvery) => {
        const journal = await openMemoryJournal()
        const life = new Life(journal, failEvery, refuseEvery)
        try {
          life.start()
          for (const each of steps) {
            await life.take(each)
            const { stored } = checkedLedger(journal, 'far')
            assert.equal(stored, life.rows)
          }
          life.broken = false
          await handled(journal, 'far', life.rows)
          assertComplete(journal, life, refuseEvery)
        } finally {
          await life.end()
          await journal.close()
        }
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })
})

/** Each row is with the far side or in the dead letters: never in neither, and never in both. */
function assertComplete(journal: Journal, { sink, rows }: Life, refuseEvery: number): void {
  const expected = Array.from({ length: rows }, (_, i) => i)
  const refused = expected.filter((value) => value % refuseEvery === refuseEvery - 1)
  assert.deepEqual(
    sink.distinct,
    expected.filter((value) => value % refuseEvery !== refuseEvery - 1),
  )
  const { delivered, dead, trimmed } = checkedLedger(journal, 'far')
  assert.deepEqual({ delivered, dead, trimmed }, { delivered: rows - refused.length, dead: refused.length, trimmed: 0 })
  // At least once: what a crash kept from the cursor has its letters twice.
  const lettered = journal
    .read('dead', 0)
    .reduce((sum, entry) => sum + (entry.kind === 'dead' ? entry.letter.rows : 0), 0)
  assert.ok(lettered >= refused.length)
}
