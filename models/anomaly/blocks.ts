import type { TrainingRows } from './scaling.ts'

/** One block of time of every asset held out, and what a fit that is to judge it may use. */
export interface Fold {
  /** Held-out rows by asset code; none where the asset has fewer rows than there are blocks. */
  readonly held: readonly Uint32Array[]
  readonly rest: Uint32Array
}

/** Lengths of a window that must lie between a held-out row and one that judges it: neighbouring samples are alike. */
const distance = 1

/** The share of an asset's other rows that must remain after the neighbours of a held-out block are left out. */
const leastRest = 1 / 3

/** The given rows of each asset, in their order. */
export function rowsByAsset({ assets, asset }: TrainingRows, rows: Uint32Array): Uint32Array[] {
  const lists: number[][] = assets.map(() => [])
  for (const row of rows) lists[asset[row]].push(row)
  return lists.map((list) => Uint32Array.from(list))
}

/**
 * Cuts the rows of each asset into `count` contiguous blocks and holds each out in turn. Overlapping windows share
 * samples across the border of a block, and neighbouring samples are alike: the rest leaves out windows that are less
 * than a window's length away from the held-out ones. Else the judged rows were half known, and the threshold too low.
 */
export function holdOut(data: TrainingRows, byAsset: readonly Uint32Array[], count: number): Fold[] {
  return Array.from({ length: count }, (_, block) => {
    const held = byAsset.map((rows) => rows.subarray(border(rows, block, count), border(rows, block + 1, count)))
    const rest = byAsset.map((rows, asset) => otherRows(data, rows, held[asset]))
    return { held, rest: joinRows(rest) }
  })
}

/** Rows of several assets as one list, ascending. */
export function joinRows(lists: readonly Uint32Array[]): Uint32Array {
  const joined = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0))
  let at = 0
  for (const list of lists) {
    joined.set(list, at)
    at += list.length
  }
  return joined.sort()
}

/** At most `most` of the rows, evenly spaced. */
export function thin(rows: Uint32Array, most: number): Uint32Array {
  if (rows.length <= most) return rows
  return Uint32Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)])
}

function border(rows: Uint32Array, block: number, count: number): number {
  return Math.floor((block * rows.length) / count)
}

function otherRows({ start, end }: TrainingRows, rows: Uint32Array, held: Uint32Array): Uint32Array {
  if (held.length === 0) return rows
  const first = held[0]
  const last = held[held.length - 1]
  const others = rows.filter((row) => row < first || row > last)
  const apart = others.filter((row) => {
    const gap = distance * (end[row] - start[row])
    return end[row] + gap < start[first] || start[row] - gap > end[last]
  })
  return apart.length >= others.length * leastRest ? apart : others
}
