import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { schema } from '../../agent/settings/schema.ts'
import {
  BatchBuilder,
  JournalError,
  Quality,
  emptyBatch,
  silentMetrics,
  type Arrival,
  type AuditEvent,
  type DeadLetter,
  type Journal,
  type LabelEvent,
  type Logger,
} from '../../agent/core/index.ts'
import { Ingest, type SourceLedger } from '../../agent/ingest/ingest.ts'
import { openJournal } from '../../agent/journal/index.ts'

const said: string[] = []
const note = (_: object, message: string) => void said.push(message)
const log: Logger = { debug: note, info: note, warn: note, error: note }

const letter = (rows: number): DeadLetter => ({
  time: 1,
  origin: 'mqtt',
  reason: 'malformed',
  detail: 'not JSON',
  subject: 'plant/x',
  rows,
  payload: new Uint8Array(),
  size: 3,
})

function addsUp({ received, stored, rejected, inFlight }: SourceLedger): boolean {
  const put = Object.values(rejected).reduce((sum, rows) => sum + rows, 0)
  return received === stored + put + inFlight
}

/** What was counted under the name, 0 where nothing was. */
const count = (totals: Readonly<Record<string, number>>, name: string): number =>
  new Map(Object.entries(totals)).get(name) ?? 0

/** An ingest on a memory journal whose appends are refused while `full`. */
async function setUp(open?: Journal) {
  const settings = schema.parse({ journal: { store: 'memory' } }).journal
  const journal = open ?? (await openJournal({ folder: 'memory', settings }))
  const disk = { full: false }
  const guarded = new Proxy(journal, {
    get(target, key) {
      if (key === 'append' && disk.full) {
        return () => Promise.reject(new JournalError('JOURNAL_FULL', 'no space left on the device'))
      }
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const clock = { now: () => 1_000_000 }
  const ingest = new Ingest({ journal: guarded, metrics: silentMetrics, log, clock, tickFor: () => 0 })
  const arrivals = new Subject<Arrival>()
  ingest.start()
  ingest.add('mqtt', { batches: () => arrivals })
  const settled: boolean[] = []
  const send = (rows: number, rejected = 0) => {
    const builder = new BatchBuilder('mqtt')
    const tag = journal.tags.resolve({ name: 'line1/pump1/vibration', type: 'number' })
    for (let row = 0; row < rows; row++) builder.add(tag.index, row, row, Quality.good)
    arrivals.next({
      batch: builder.take(1_000_000),
      rejected: rejected > 0 ? [letter(rejected)] : [],
      settled: (stored) => settled.push(stored),
    })
  }
  return { journal, ingest, arrivals, disk, send, settled, ledger: () => ingest.ledger().mqtt }
}

describe('ingest', () => {
  it('puts aside what no sink could express, and stores what is beside it', async () => {
    const { ingest, journal, arrivals, ledger } = await setUp()
    const tag = (name: string, type: 'number' | 'text') => journal.tags.resolve({ name, type }).index
    const builder = new BatchBuilder('mqtt')
    const [flow, state, long] = [tag('flow', 'number'), tag('state', 'text'), tag('x'.repeat(64_000), 'number')]
    for (const time of [1, 1e300, Date.UTC(275_000, 0), Date.UTC(1600, 0), NaN, 2]) builder.add(flow, time, time, 0)
    builder.addText(state, 3, 'run', 0)
    builder.addText(state, 4, 's'.repeat(100_000), 0)
    builder.addInteger(flow, 5, 2n ** 60n + 1n, 0)
    builder.add(long, 6, 6, 0)
    const said: LabelEvent = { type: 'label', label: 'failure', time: 1e300, asset: 'pump', by: 'Mei' }
    arrivals.next({ batch: builder.take(1_000_000), events: [said, { ...said, time: 7 }] })
    await ingest.drained()
    const [{ time, value, texts, exact }] = journal.read('samples', 0).flatMap((entry) => (entry.kind === 'samples' ? [entry.batch] : [])) // prettier-ignore
    assert.deepEqual([...time], [1, 2, 3, 5])
    assert.deepEqual([texts?.[value[2]], exact?.[3]], ['run', 2n ** 60n + 1n])
    assert.deepEqual(ledger().rejected, { time: 5, oversized: 1, unmapped: 1 })
    assert.ok(addsUp(ledger()))
    assert.equal(journal.read('samples', 0).filter((entry) => entry.kind === 'event' && entry.event.type === 'label').length, 1) // prettier-ignore
    await journal.close()
  })

  it('settles an arrival only when samples and dead letters are stored', async () => {
    const { ingest, journal, send, settled, ledger } = await setUp()
    send(3, 2)
    assert.deepEqual(settled, [])
    assert.deepEqual([ledger().received, ledger().inFlight], [5, 5])
    await ingest.drained()
    assert.deepEqual(settled, [true])
    assert.deepEqual(ledger(), { received: 5, stored: 3, rejected: { malformed: 2 }, inFlight: 0, refused: 0 })
    assert.equal(journal.read('dead', 0).length, 1)
    ingest.stop()
  })

  it('puts what people say over a source down for the audit, and not what files say', async () => {
    const { ingest, journal, arrivals } = await setUp()
    const label: LabelEvent = {
      type: 'label',
      label: 'fault',
      time: 5,
      asset: 'line1/pump1',
      class: 'bearing',
      by: 'Mei',
    }
    arrivals.next({ batch: emptyBatch('mqtt', 1_000_000), events: [label] })
    arrivals.next({ batch: { ...emptyBatch('mqtt', 1_000_000), paced: true }, events: [label] })
    await ingest.drained()
    const events = journal.read('samples', 0).flatMap((entry) => (entry.kind === 'event' ? [entry.event] : []))
    assert.deepEqual(
      events.map(({ type }) => type),
      ['label', 'audit', 'label'],
    )
    const audit = events[1] as AuditEvent
    assert.deepEqual(
      [audit.by, audit.action, audit.subject, audit.detail, audit.proof, audit.link?.sequence],
      ['Mei', 'label', 'line1/pump1', 'fault bearing over mqtt', undefined, 1],
    )
    ingest.stop()
  })

  it('refuses to settle while the disk is full, says so once, and goes on when there is room', async () => {
    said.length = 0
    const { ingest, disk, send, settled, ledger } = await setUp()
    disk.full = true
    send(3)
    send(4)
    await ingest.drained()
    assert.deepEqual(settled, [false, false])
    assert.equal(ingest.full, true)
    assert.deepEqual([ledger().received, ledger().refused], [0, 7])
    assert.deepEqual(said, ['nothing is acknowledged: no space left on the device'])
    disk.full = false
    send(3)
    await ingest.drained()
    assert.deepEqual(settled, [false, false, true])
    assert.equal(ingest.full, false)
    assert.equal(ledger().stored, 3)
    ingest.stop()
  })

  it('goes on counting after a restart', async () => {
    const first = await setUp()
    first.send(3, 2)
    await first.ingest.drained()
    first.ingest.stop()
    const second = await setUp(first.journal)
    assert.deepEqual(second.ledger(), { received: 5, stored: 3, rejected: { malformed: 2 }, inFlight: 0, refused: 0 })
    second.ingest.stop()
  })

  it('keeps a ledger that adds up at every moment, and agrees with the journal when all is settled', async () => {
    const step = fc.record({ rows: fc.nat(5), rejected: fc.nat(3), full: fc.boolean(), wait: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { ingest, journal, disk, send, ledger } = await setUp()
        for (const { rows, rejected, full, wait } of steps) {
          disk.full = full
          send(rows, rejected)
          assert.ok(addsUp(ledger()))
          if (wait) await ingest.drained()
          assert.ok(addsUp(ledger()))
        }
        await ingest.drained()
        assert.ok(addsUp(ledger()))
        assert.equal(ledger().inFlight, 0)
        assert.equal(ledger().stored, count(journal.stats('samples').totals, 'mqtt'))
        assert.equal(count(ledger().rejected, 'malformed'), count(journal.stats('dead').totals, 'mqtt/malformed'))
        ingest.stop()
      }),
      { numRuns: 50 },
    )
  })
})
