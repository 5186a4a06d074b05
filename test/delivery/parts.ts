import assert from 'node:assert/strict'
import {
  BatchBuilder,
  rowsOf,
  type Entry,
  type Journal,
  type JournalRecord,
  type Labels,
  type Metrics,
  type Rejection,
  type Sink,
} from '../../agent/core/index.ts'
import { sinkLedger } from '../../agent/delivery/delivery.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { until as poll } from '../support/until.ts'

/** A memory journal with one tag, `line/pump/x`. */
export async function openMemoryJournal(size = 1e9): Promise<Journal> {
  const journal = await openJournal({ folder: '', settings: { store: 'memory', size, age: 1e15, gather: 0 } })
  journal.tags.resolve({ name: 'line/pump/x', type: 'number' })
  return journal
}

/** Samples of tag 0 whose values count on from `from`: each is known by its value. */
export function numbered(from: number, rows: number): JournalRecord {
  const builder = new BatchBuilder('test')
  for (let i = 0; i < rows; i++) builder.add(0, 1_700_000_000_000 + from + i, from + i, 0)
  return { kind: 'samples', batch: builder.take(1_700_000_000_000 + from), origin: from }
}

/** Keeps the values it is given, unless `behave` throws; refuses the rows for which `refuse` has words. */
export class KeepingSink implements Sink {
  readonly values: number[] = []
  readonly writes: (readonly Entry[])[] = []
  attempts = 0
  behave: (entries: readonly Entry[]) => void | Promise<void> = () => undefined
  refuse: (value: number) => string | undefined = () => undefined

  async write(entries: readonly Entry[]): Promise<readonly Rejection[]> {
    this.attempts++
    await this.behave(entries)
    this.writes.push(entries)
    const rejections: Rejection[] = []
    for (const entry of entries) {
      if (entry.kind !== 'samples') continue
      entry.batch.value.forEach((value, row) => {
        const detail = this.refuse(value)
        if (detail === undefined) this.values.push(value)
        else rejections.push({ entry, row, detail })
      })
    }
    return rejections
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Distinct values, ascending. */
  get distinct(): number[] {
    return [...new Set(this.values)].sort((a, b) => a - b)
  }
}

/** Rows of entries, one after another. */
export function rowsIn(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + rowsOf(entry), 0)
}

/** Counts by metric and labels. */
export class CountingMetrics implements Metrics {
  readonly values = new Map<string, number>()
  count(metric: string, amount: number, labels: Labels = {}): void {
    this.values.set(key(metric, labels), this.get(metric, labels) + amount)
  }
  gauge(metric: string, value: number, labels: Labels = {}): void {
    this.values.set(key(metric, labels), value)
  }
  observe(): void {
    // Durations are of no interest here.
  }
  get(metric: string, labels: Labels = {}): number {
    return this.values.get(key(metric, labels)) ?? 0
  }
}

const key = (metric: string, labels: Labels) => `${metric} ${JSON.stringify(labels)}`

/** Polls until it holds; a failure names the condition itself. */
export async function until(condition: () => boolean): Promise<void> {
  await poll(condition.toString(), condition)
}

/** The ledger, which must add up whenever one looks. */
export function checkedLedger(journal: Journal, name: string) {
  const ledger = sinkLedger(journal, name)
  const { stored, delivered, overwritten, dead, waiting, trimmed } = ledger
  assert.equal(delivered + overwritten + dead + waiting + trimmed, stored, JSON.stringify(ledger))
  assert.ok(Math.min(delivered, dead, waiting, trimmed) >= 0, JSON.stringify(ledger))
  return ledger
}

/** Waits until the far side has answered for that many rows, whatever became of them. */
export async function handled(journal: Journal, name: string, rows: number): Promise<void> {
  const look = () => checkedLedger(journal, name)
  const done = () => {
    const { delivered, overwritten, dead, trimmed, waiting } = look()
    return delivered + overwritten + dead + trimmed === rows && waiting === 0
  }
  await poll(() => JSON.stringify(look()), done)
}
