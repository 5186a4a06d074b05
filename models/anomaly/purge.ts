import { quantile } from '../linear-algebra.ts'
import { holdOut, joinRows, rowsByAsset, thin } from './blocks.ts'
import { hotellingT2 } from './hotelling-t2.ts'
import { learnNormal, scoreRows, type Subject } from './normal.ts'

/** A stretch of training data that was put aside because it is not like the rest. Times in ms since epoch. */
export interface DroppedBlock {
  readonly asset: string
  readonly from: number
  readonly to: number
}

const blocks = 10
/**
 * A block is dropped if its distance (the root of the 90 % quantile of T²) is over so many times the median block's, and
 * beyond it by so many spreads of the blocks: what a plant's own restlessness is, its blocks tell.
 */
const limits = { ratio: 2, spreads: 10, leastSpread: 0.05 }
/** Median absolute deviations in a standard deviation, where the noise is normal. */
const perDeviation = 1.4826
const mostDropped = 3
/** Assets with fewer rows are not searched for faults: ten blocks of them say nothing. */
const leastRows = 50

/**
 * The rows without the blocks that hide a fault: each tenth of an asset's time is judged by a fit on the others, so
 * that a fault in the training data does not make itself normal; and once more with borders half a block later, so that one
 * across a border is found as well. At most three tenths of an asset are dropped, and no row that `sound` names.
 */
export async function purge(
  subject: Subject,
  options: { readonly rows?: Uint32Array; readonly sound?: Uint8Array; readonly signal?: AbortSignal } = {},
): Promise<{ rows: Uint32Array; dropped: DroppedBlock[] }> {
  const { data } = subject
  const byAsset = rowsByAsset(data, options.rows ?? Uint32Array.from({ length: data.length }, (_, row) => row))
  const judged = [
    ...(await judgeBlocks(subject, byAsset, blocks, options.signal)),
    ...(await judgeBlocks(subject, byAsset.map(withoutEnds), blocks - 1, options.signal)),
  ]
  const dropped: DroppedBlock[] = []
  const kept = byAsset.map((rows, asset) => {
    const own = judged.map(({ held, distances }) => ({ held: held[asset], distance: distances[asset] }))
    const away = new Set<number>()
    for (const { held } of rows.length < leastRows ? [] : strangeBlocks(own, data.size)) {
      if (away.size + held.length > Math.ceil((rows.length * mostDropped) / blocks)) continue
      dropped.push({ asset: data.assets[asset], from: data.start[held[0]], to: data.end[held[held.length - 1]] })
      for (const row of held) away.add(row)
    }
    return away.size === 0 ? rows : rows.filter((row) => !away.has(row) || options.sound?.[row] === 1)
  })
  return { rows: joinRows(kept), dropped: dropped.sort((a, b) => a.from - b.from) }
}

/** Without half a block at both ends: nine blocks whose borders are in the middle of the others. */
function withoutEnds(rows: Uint32Array): Uint32Array {
  const half = Math.floor(rows.length / blocks / 2)
  return rows.subarray(half, rows.length - half)
}

interface Judged {
  /** Rows of the block by asset. */
  readonly held: readonly Uint32Array[]
  /** How far they are from the others, by asset; NaN where the asset has none. */
  readonly distances: Float64Array
}

async function judgeBlocks(
  subject: Subject,
  byAsset: readonly Uint32Array[],
  count: number,
  signal: AbortSignal | undefined,
): Promise<Judged[]> {
  const { data } = subject
  const share = Math.min(1, hotellingT2.mostRows(data.size) / data.length)
  const found: Judged[] = []
  for (const { held, rest } of holdOut(data, byAsset, count)) {
    const normal = await learnNormal(subject, rest, hotellingT2, { signal })
    const distances = held.map((rows) => {
      const scores = scoreRows(normal, subject, thin(rows, Math.ceil(rows.length * share)))
      return Math.sqrt(quantile(known(scores), 0.9))
    })
    found.push({ held, distances: Float64Array.from(distances) })
  }
  return found
}

/** Blocks far beyond the median one, the furthest first. Where nothing moved, the distance of mere noise is the measure. */
function strangeBlocks<Block extends { readonly distance: number }>(judged: readonly Block[], size: number): Block[] {
  const distances = known(Float64Array.from(judged, ({ distance }) => distance))
  const median = Math.max(quantile(distances, 0.5), Math.sqrt(size))
  const spread =
    perDeviation *
    quantile(
      distances.map((distance) => Math.abs(distance - median)),
      0.5,
    )
  const limit = Math.max(limits.ratio * median, median + limits.spreads * Math.max(spread, limits.leastSpread * median))
  return judged.filter(({ distance }) => distance > limit).sort((a, b) => b.distance - a.distance)
}

/** Without the scores of rows in no mode. */
export function known(scores: Float64Array): Float64Array {
  return scores.some(Number.isNaN) ? scores.filter((score) => !Number.isNaN(score)) : scores
}
