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
/** A block is dropped if the distance (the root of T²) of its 90 % quantile exceeds this many times the median block's. */
const ratio = 4
const mostDropped = 3
/** Assets with fewer rows are not searched for faults: ten blocks of them say nothing. */
const leastRows = 50

/**
 * The rows without the blocks that hide a fault: each tenth of an asset's time is judged by a fit on the others, so
 * that a fault in the training data does not make itself normal. At most three tenths of an asset are dropped, and no row
 * that `sound` names.
 */
export async function purge(
  subject: Subject,
  options: { readonly rows?: Uint32Array; readonly sound?: Uint8Array; readonly signal?: AbortSignal } = {},
): Promise<{ rows: Uint32Array; dropped: DroppedBlock[] }> {
  const { data } = subject
  const byAsset = rowsByAsset(data, options.rows ?? Uint32Array.from({ length: data.length }, (_, row) => row))
  const folds = holdOut(data, byAsset, blocks)
  const share = Math.min(1, hotellingT2.mostRows(data.size) / data.length)
  const distances = byAsset.map(() => new Float64Array(blocks).fill(NaN))
  for (const [block, { held, rest }] of folds.entries()) {
    const normal = await learnNormal(subject, rest, hotellingT2, options)
    held.forEach((rows, asset) => {
      const scores = scoreRows(normal, subject, thin(rows, Math.ceil(rows.length * share)))
      distances[asset][block] = Math.sqrt(quantile(known(scores), 0.9))
    })
  }
  const dropped: DroppedBlock[] = []
  const kept = byAsset.map((rows, asset) => {
    const strange = rows.length < leastRows ? [] : strangeBlocks(distances[asset], data.size)
    for (const block of strange) {
      const { [asset]: held } = folds[block].held
      dropped.push({ asset: data.assets[asset], from: data.start[held[0]], to: data.end[held[held.length - 1]] })
    }
    const away = new Set(strange.flatMap((block) => [...folds[block].held[asset]]))
    return away.size === 0 ? rows : rows.filter((row) => !away.has(row) || options.sound?.[row] === 1)
  })
  return { rows: joinRows(kept), dropped }
}

/** Blocks far beyond the median one, the furthest first. Where nothing moved, the distance of mere noise is the measure. */
function strangeBlocks(distances: Float64Array, size: number): number[] {
  const limit = ratio * Math.max(quantile(known(distances), 0.5), Math.sqrt(size))
  return Array.from(distances.keys())
    .filter((block) => distances[block] > limit)
    .sort((a, b) => distances[b] - distances[a])
    .slice(0, mostDropped)
    .sort((a, b) => a - b)
}

/** Without the scores of rows in no mode. */
export function known(scores: Float64Array): Float64Array {
  return scores.some(Number.isNaN) ? scores.filter((score) => !Number.isNaN(score)) : scores
}
