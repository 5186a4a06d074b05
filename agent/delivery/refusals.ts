import type { Rejection, Status } from '../core/index.ts'

/** How long a sink counts as degraded after the far side refused a row, ms. */
const remembered = 600_000
/** Kinds that are remembered at a time; the oldest go. */
const mostKinds = 100

interface Kind {
  /** The far side's words at the first row. */
  readonly detail: string
  readonly remedy: string | undefined
  rows: number
  /** ms since epoch. */
  newest: number
}

/** What the far side refuses, by kind: the same words about other rows, numbers and names are one. */
export class Refusals {
  readonly #kinds = new Map<string, Kind>()

  /** Takes what was refused; returns the kinds that have not been seen for a while, to be told. `now`: ms since epoch. */
  take(rejections: readonly Rejection[], now: number): Pick<Kind, 'detail' | 'remedy'>[] {
    const fresh: Kind[] = []
    for (const { detail, remedy } of rejections) {
      const key = causeOf(detail)
      const known = this.#kinds.get(key)
      if (known && now - known.newest < remembered) {
        known.rows++
        known.newest = now
        continue
      }
      const kind = { detail, remedy, rows: 1, newest: now }
      this.#kinds.delete(key)
      this.#kinds.set(key, kind)
      fresh.push(kind)
    }
    for (const key of this.#kinds.keys()) if (this.#kinds.size > mostKinds) this.#kinds.delete(key)
    return fresh
  }

  /** What is to be said of the sink; undefined where nothing was refused lately. */
  status(now: number): Status | undefined {
    const lately = [...this.#kinds.values()].filter(({ newest }) => now - newest < remembered)
    if (lately.length === 0) return undefined
    const worst = lately.reduce((most, kind) => (kind.rows > most.rows ? kind : most))
    const rows = lately.reduce((sum, kind) => sum + kind.rows, 0)
    const message = `delivers, but ${rows} rows were refused: ${worst.detail}`
    return { state: 'degraded', message, ...(worst.remedy !== undefined && { remedy: worst.remedy }) }
  }
}

/** The far side's words without what differs from row to row: what has the same is refused for the same cause. */
export function causeOf(detail: string): string {
  return detail
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '…')
    .replace(/\d+(\.\d+)?/g, '#')
    .slice(0, 200)
}
