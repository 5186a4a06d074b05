import type { LabelledRows } from './rows.ts'

/** Rows that are held out together, and those that may be fitted to judge them. */
export interface Fold {
  readonly held: Uint32Array
  readonly rest: Uint32Array
}

/** How rows were held out, in the words of the report. */
export interface Split {
  readonly folds: readonly Fold[]
  readonly description: string
}

const count = 5

/** Share of the other rows that must remain after the neighbours of held-out ones are left out. */
const leastRest = 1 / 3

/**
 * Holds out each row once, never at random: by asset where there are five or more and each class occurs in several
 * groups of them, else in blocks of time, else (where a fault came in one stretch of time) in blocks of time per class.
 * Windows of the same asset that are less than a window's length away from a held-out one are not fitted.
 */
export function splitRows(rows: LabelledRows): Split {
  const assets = [...new Set(rows.asset)].sort()
  const groups = assets.length >= count ? byAsset(rows, assets) : undefined
  if (groups && everyClassInTwo(rows, groups)) {
    return { folds: foldsOf(rows, groups), description: `${count} groups of assets, each held out in turn` }
  }
  const blocks = rows.asset.map((_, row) => Math.floor((row * count) / rows.asset.length))
  if (everyClassInTwo(rows, blocks)) {
    return { folds: foldsOf(rows, blocks), description: `${count} blocks of time, each held out in turn` }
  }
  return {
    folds: foldsOf(rows, byClass(rows)),
    description: `${count} blocks of time within each class, because a class came in one stretch of time only: the figures may be too good`,
  }
}

/** Deals assets out so that the groups have about as many rows of each class. */
function byAsset({ asset, target, classes }: LabelledRows, assets: readonly string[]): number[] {
  const counts = new Map(assets.map((name) => [name, new Float64Array(classes.length)]))
  asset.forEach((name, row) => counts.get(name)![target[row]]++)
  const totals = classes.map((_, code) => target.reduce((sum, value) => sum + (value === code ? 1 : 0), 0))
  const size = (sums: Float64Array) => sums.reduce((sum, value, code) => sum + value / totals[code], 0)
  const order = [...assets].sort((a, b) => size(counts.get(b)!) - size(counts.get(a)!))
  const load = new Float64Array(count)
  const group = new Map<string, number>()
  for (const name of order) {
    const lightest = load.indexOf(Math.min(...load))
    load[lightest] += size(counts.get(name)!)
    group.set(name, lightest)
  }
  return asset.map((name) => group.get(name)!)
}

function byClass({ target, classes }: LabelledRows): number[] {
  const totals = new Float64Array(classes.length)
  for (const code of target) totals[code]++
  const seen = new Float64Array(classes.length)
  return Array.from(target, (code) => Math.floor((seen[code]++ * count) / totals[code]))
}

function everyClassInTwo({ target, classes }: LabelledRows, groups: readonly number[]): boolean {
  return classes.every((_, code) => new Set(groups.filter((_, row) => target[row] === code)).size > 1)
}

function foldsOf(rows: LabelledRows, groups: readonly number[]): Fold[] {
  return Array.from({ length: count }, (_, fold) => {
    const held = Uint32Array.from(groups.keys()).filter((row) => groups[row] === fold)
    const others = Uint32Array.from(groups.keys()).filter((row) => groups[row] !== fold)
    const near = nearTo(rows, groups, fold)
    const apart = others.filter((row) => near[row] === 0)
    const enough = apart.length >= others.length * leastRest && new Set(apart.map((row) => rows.target[row])).size > 1
    return { held, rest: enough ? apart : others }
  }).filter(({ held }) => held.length > 0)
}

/** 1: a window of the same asset that is held out is less than a window's length away. */
function nearTo({ asset, start, end }: LabelledRows, groups: readonly number[], fold: number): Uint8Array {
  const near = new Uint8Array(groups.length)
  const lastEnd = new Map<string, number>()
  for (let row = 0; row < groups.length; row++) {
    const gap = end[row] - start[row]
    if (groups[row] === fold) lastEnd.set(asset[row], end[row])
    else if (start[row] - gap < (lastEnd.get(asset[row]) ?? -Infinity)) near[row] = 1
  }
  const nextStart = new Map<string, number>()
  for (let row = groups.length - 1; row >= 0; row--) {
    const gap = end[row] - start[row]
    if (groups[row] === fold) nextStart.set(asset[row], start[row])
    else if (end[row] + gap > (nextStart.get(asset[row]) ?? Infinity)) near[row] = 1
  }
  return near
}
