import type { Clock, Entry, Logger, Metrics, Rejection } from '../core/index.ts'

/** Between two words about rows that the far side cannot tell apart, ms. */
const toldAgain = 600_000

/** Counts rows that the far side cannot tell apart, and says so once in a while. */
export class Overwritten {
  readonly #parts: { readonly name: string; readonly metrics: Metrics; readonly log: Logger; readonly clock: Clock }
  /** ms since epoch. */
  #told = -Infinity

  constructor(parts: {
    readonly name: string
    readonly metrics: Metrics
    readonly log: Logger
    readonly clock: Clock
  }) {
    this.#parts = parts
  }

  tell(rows: number): void {
    if (rows === 0) return
    const { name, clock, log, metrics } = this.#parts
    metrics.count('overwritten_rows_total', rows, { sink: name })
    const now = clock.now()
    if (now - this.#told < toldAgain) return
    this.#told = now
    log.warn({ sink: name, rows }, `${rows} rows had the series and microsecond of another, which took their place`)
  }
}

/** Rows whose place another has taken, without those that are refused as well. */
export function rowsOverwritten(rejections: readonly Rejection[]): number {
  const taken = rejections.filter(({ overwritten }) => overwritten)
  if (taken.length === 0) return 0
  const refused = new Map<Entry, Set<number | undefined>>()
  for (const { entry, row, overwritten } of rejections)
    if (!overwritten) refused.set(entry, (refused.get(entry) ?? new Set()).add(row))
  return taken.filter(({ entry, row }) => {
    const rows = refused.get(entry)
    return !rows?.has(row) && !rows?.has(undefined)
  }).length
}
