import { seededRandom, type Random } from '../random.ts'

/** Groups of points. */
export interface Clusters {
  readonly count: number
  /** By point; -1: in none. */
  readonly of: Int32Array
}

/** Points that clusters are sought among; the others are dealt out. */
const mostPoints = 3000
const mostClusters = 6
const restarts = 4
const mostRounds = 50
/**
 * Distance of two centres in units of the spread of their points along the line between them (Ashman, Bird and Zepf 1994,
 * "Detecting bimodality in astronomical datasets"). A uniform distribution that is cut in two has 3.5.
 */
const leastSeparation = 5
/** A cluster is a mode if it occurs in this many of ten stretches of time: what comes once may be a fault. */
const stretches = 10
const leastStretches = 2
/** Points further from their centre than this many times the median distance are on the way to another one. */
const furthest = 6

/**
 * Clusters that are clearly apart: the largest number for which k-means finds groups that recur, have `least` points, and
 * are separated; undefined where there is no second one. Points are rows of `size` numbers, in order of time.
 * Sources: Lloyd (1982); Arthur and Vassilvitskii (2007), "k-means++".
 */
export function findClusters(
  points: Float64Array,
  size: number,
  { seed, least }: { readonly seed: number; readonly least: number },
): Clusters | undefined {
  const length = points.length / size
  const step = Math.max(1, Math.ceil(length / mostPoints))
  let some = Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step)
  const random = seededRandom(seed)
  for (let count = mostClusters; count > 1; count--) {
    if (some.length < count * 2) continue
    const centres = bestCentres(points, size, some, count, random)
    const of = assign(points, size, centres)
    const rare = rareClusters(of, count, least)
    if (rare.length > 0 && rare.length < count - 1 && share(of, rare) < 0.1) {
      // What is rare, such as a fault or an outlier, would take the place of a mode in every attempt.
      some = some.filter((point) => !rare.includes(of[point]))
      continue
    }
    if (rare.length === 0 && separated(points, size, of, centres)) return { count, of: trimmed(points, size, of, centres) } // prettier-ignore
  }
  return undefined
}

/** The centres of `count` groups of the points `some`, by k-means. */
export function bestCentres(
  points: Float64Array,
  size: number,
  some: readonly number[],
  count: number,
  random: Random,
) {
  let best = new Float64Array(count * size)
  let least = Infinity
  for (let start = 0; start < restarts; start++) {
    const centres = firstCentres(points, size, some, count, random)
    const distance = settle(points, size, some, centres)
    if (distance < least) [best, least] = [centres, distance]
  }
  return best
}

function firstCentres(points: Float64Array, size: number, some: readonly number[], count: number, random: Random) {
  const centres = new Float64Array(count * size)
  const distances = new Float64Array(some.length).fill(1)
  for (let k = 0; k < count; k++) {
    let rest = random.uniform() * distances.reduce((sum, distance) => sum + distance, 0)
    const chosen = distances.findIndex((distance) => (rest -= distance) < 0)
    const from = some[Math.max(0, chosen)] * size
    centres.set(points.subarray(from, from + size), k * size)
    some.forEach((point, i) => {
      const distance = squaredDistance(points, point * size, centres, k * size, size)
      distances[i] = k === 0 ? distance : Math.min(distances[i], distance)
    })
  }
  return centres
}

/** Lloyd's rounds; the sum of the squared distances. */
function settle(points: Float64Array, size: number, some: readonly number[], centres: Float64Array): number {
  const count = centres.length / size
  let last = Infinity
  for (let round = 0; round < mostRounds; round++) {
    const sums = new Float64Array(centres.length)
    const counts = new Float64Array(count)
    let total = 0
    for (const point of some) {
      const { index, distance } = nearest(points, point * size, centres, size)
      total += distance
      counts[index]++
      for (let j = 0; j < size; j++) sums[index * size + j] += points[point * size + j]
    }
    for (let at = 0; at < sums.length; at++) if (counts[Math.floor(at / size)] > 0) centres[at] = sums[at] / counts[Math.floor(at / size)] // prettier-ignore
    if (total >= last) return total
    last = total
  }
  return last
}

/** The nearest centre of each point. */
export function assign(points: Float64Array, size: number, centres: Float64Array): Int32Array {
  return Int32Array.from({ length: points.length / size }, (_, point) => nearest(points, point * size, centres, size).index) // prettier-ignore
}

/** Clusters with too few points, or that occur in too few stretches of time. */
function rareClusters(of: Int32Array, count: number, least: number): number[] {
  const points = new Float64Array(count)
  const occurs = Array.from({ length: count }, () => new Set<number>())
  of.forEach((cluster, point) => {
    points[cluster]++
    occurs[cluster].add(Math.floor((point * stretches) / of.length))
  })
  return Array.from({ length: count }, (_, k) => k).filter((k) => points[k] < least || occurs[k].size < leastStretches)
}

function share(of: Int32Array, clusters: readonly number[]): number {
  return of.filter((cluster) => clusters.includes(cluster)).length / of.length
}

function separated(points: Float64Array, size: number, of: Int32Array, centres: Float64Array): boolean {
  const count = centres.length / size
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < a; b++) {
      const distance = Math.sqrt(squaredDistance(centres, a * size, centres, b * size, size))
      const spread = Math.sqrt((along(points, size, of, centres, a, b) + along(points, size, of, centres, b, a)) / 2)
      if (!(distance > leastSeparation * spread) || distance === 0) return false
    }
  }
  return true
}

/** Variance of the points of cluster `own` along the line to the centre of `other`, by their median distance. */
function along(points: Float64Array, size: number, of: Int32Array, centres: Float64Array, own: number, other: number) {
  const length = Math.sqrt(squaredDistance(centres, own * size, centres, other * size, size)) || 1
  const distances: number[] = []
  of.forEach((cluster, point) => {
    if (cluster !== own) return
    let sum = 0
    for (let j = 0; j < size; j++) {
      sum +=
        (points[point * size + j] - centres[own * size + j]) * (centres[other * size + j] - centres[own * size + j])
    }
    distances.push(Math.abs(sum) / length)
  })
  // For a normal distribution the median distance is .6745 standard deviations.
  return (median(distances) / 0.6745) ** 2
}

/** The clusters without the points that are on the way from one to another. */
function trimmed(points: Float64Array, size: number, of: Int32Array, centres: Float64Array): Int32Array {
  const distances = Float64Array.from(of, (cluster, point) => Math.sqrt(squaredDistance(points, point * size, centres, cluster * size, size))) // prettier-ignore
  const limits = Array.from({ length: centres.length / size }, (_, k) => furthest * median(Array.from(distances).filter((_, point) => of[point] === k))) // prettier-ignore
  return of.map((cluster, point) => (distances[point] > limits[cluster] && limits[cluster] > 0 ? -1 : cluster))
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  return sorted.length === 0 ? 0 : sorted[sorted.length >> 1]
}

/** The nearest centre to the point at `at`, and its squared distance. */
function nearest(points: Float64Array, at: number, centres: Float64Array, size: number) {
  let index = 0
  let distance = Infinity
  for (let k = 0; k < centres.length / size; k++) {
    const own = squaredDistance(points, at, centres, k * size, size)
    if (own < distance) [index, distance] = [k, own]
  }
  return { index, distance }
}

function squaredDistance(a: Float64Array, from: number, b: Float64Array, to: number, size: number): number {
  let sum = 0
  for (let j = 0; j < size; j++) sum += (a[from + j] - b[to + j]) ** 2
  return sum
}
