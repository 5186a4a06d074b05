import type { Journal } from '../core/index.ts'
import { cursorName, type DeliveryState } from './lanes.ts'

/** What became of the rows a sink was owed since it was first started: stored = delivered + dead + waiting + trimmed. */
export interface SinkLedger {
  readonly stored: number
  /** Rows the far side has, or that are not of the content it was configured to get. */
  readonly delivered: number
  /** Rows it will never accept; they are in the dead letters. */
  readonly dead: number
  readonly waiting: number
  /** Rows the bounds of the journal removed, or that were corrupt in it, before the sink had them. */
  readonly trimmed: number
}

/** Offset of the oldest result that a sink is still owed. */
export function owedFrom(journal: Pick<Journal, 'cursor'>, name: string): number {
  const cursor = journal.cursor(cursorName(name))
  if (!cursor) return 0
  const stretches = (cursor.state as DeliveryState).backlog.filter(({ from, to }) => from < to)
  return Math.min(cursor.offset, ...stretches.map(({ from }) => from))
}

/** The ledger of a sink as of now; all zero where it was never started. */
export function sinkLedger(journal: Pick<Journal, 'cursor' | 'rowsBefore' | 'stats'>, name: string): SinkLedger {
  const cursor = journal.cursor(cursorName(name))
  if (!cursor) return { stored: 0, delivered: 0, dead: 0, waiting: 0, trimmed: 0 }
  const state = cursor.state as DeliveryState
  const rowsBefore = (offset: number) => journal.rowsBefore('results', offset)
  const all = rowsBefore(journal.stats('results').next)
  let { delivered, trimmed } = state
  let waiting = 0
  const live = { from: cursor.offset, rows: state.rows, end: all }
  for (const { from, rows, end } of [live, ...state.backlog.filter(({ from, to }) => from < to)]) {
    const begin = Math.min(end, rowsBefore(from))
    waiting += end - begin
    // More rows are before the lane than when it came there: they were trimmed. Fewer: an append was delivered and then
    // could not be stored.
    if (begin >= rows) trimmed += begin - rows
    else delivered += begin - rows
  }
  return { stored: all - state.born, delivered, dead: state.dead, waiting, trimmed }
}
