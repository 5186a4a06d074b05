import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Entry, Journal, Logger } from '../../agent/core/index.ts'
import { deliver, sinkLedger, type SinkLedger } from '../../agent/delivery/delivery.ts'
import { Marks } from '../../agent/process/index.ts'
import { CountingMetrics, KeepingSink, numbered, openMemoryJournal, until } from './parts.ts'

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
/** The value at whose encoding processes end. */
const deadly = 13

/** Stands still where a process would end. */
class DeadlySink extends KeepingSink {
  ended = false
  /** The marks, so that nothing is taken back by this process any more. */
  constructor(marks: Marks) {
    super()
    const write = this.write.bind(this)
    this.write = (entries: readonly Entry[]) => {
      const values = entries.flatMap((entry) => (entry.kind === 'samples' ? Array.from(entry.batch.value) : []))
      if (!values.includes(deadly)) return write(entries)
      this.ended = true
      marks.done = () => undefined
      return new Promise(() => undefined)
    }
  }
}

describe('delivery, where encoding an entry ends the process without a word', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-sink-hand-'))
  let journal: Journal
  before(async () => {
    journal = await openMemoryJournal()
    await journal.append(
      'results',
      Array.from({ length: 30 }, (_, i) => numbered(i, 1)),
    )
  })
  after(async () => {
    await journal.close()
    rmSync(folder, { recursive: true })
  })

  async function life(): Promise<DeadlySink> {
    const marks = new Marks(folder, true)
    const sink = new DeadlySink(marks)
    const stop = new AbortController()
    const pace = { rows: 10, linger: 0, retry: 1, slowest: 4, grace: 20 }
    const parts = { name: 'far', journal, metrics: new CountingMetrics(), log: silent, clock: { now: () => 1e12 } }
    const delivery = deliver({ ...parts, sink, pace, inHand: marks, signal: stop.signal })
    const settled = ({ delivered, dead }: SinkLedger) => delivered + dead === 30
    await until(() => sink.ended || settled(sinkLedger(journal, 'far')))
    stop.abort()
    await delivery.done
    return sink
  }

  it('finds it among those that were written together, puts it aside, and delivers the others once', async () => {
    const lives = [await life(), await life(), await life(), await life()]
    assert.deepEqual(
      lives.map(({ ended }) => ended),
      [true, true, true, false],
    )
    const values = lives.flatMap((sink) => sink.values)
    assert.deepEqual(
      values,
      Array.from({ length: 30 }, (_, i) => i).filter((value) => value !== deadly),
    )
    const letters = journal.read('dead', 0).flatMap((entry) => (entry.kind === 'dead' ? [entry.letter] : []))
    assert.deepEqual(
      letters.map(({ reason, rows, origin }) => [reason, rows, origin]),
      [['quarantined', 1, 'far']],
    )
    assert.match(letters[0].detail, /the agent ended 2 times while the sink wrote this/)
    const { delivered, dead } = sinkLedger(journal, 'far')
    assert.deepEqual([delivered, dead], [29, 1])
  })
})
