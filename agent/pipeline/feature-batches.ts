import type { FeatureBatch } from '../core/index.ts'

/** Joins neighbours with the same columns, so that one call of the model scores them all. */
export function joinWhereAlike(batches: readonly FeatureBatch[]): FeatureBatch[] {
  const groups: FeatureBatch[][] = []
  for (const batch of batches) {
    const group = groups.at(-1)
    if (group && sameColumns(group[0].names, batch.names)) group.push(batch)
    else groups.push([batch])
  }
  return groups.map(joinFeatures)
}

/** Whether two vectors have the same features, in the same order. */
export function sameColumns(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, index) => name === b[index]))
}

/** Batches with the same columns as one, in order. */
export function joinFeatures(batches: readonly FeatureBatch[]): FeatureBatch {
  if (batches.length === 1) return batches[0]
  const length = batches.reduce((sum, batch) => sum + batch.length, 0)
  const { names } = batches[0]
  const joined = {
    length,
    names,
    values: new Float64Array(length * names.length),
    asset: batches.flatMap(({ asset }) => asset),
    start: new Float64Array(length),
    end: new Float64Array(length),
    coverage: new Float64Array(length),
    revision: new Uint16Array(length),
  }
  let row = 0
  for (const batch of batches) {
    joined.values.set(batch.values, row * names.length)
    joined.start.set(batch.start, row)
    joined.end.set(batch.end, row)
    joined.coverage.set(batch.coverage, row)
    joined.revision.set(batch.revision, row)
    row += batch.length
  }
  return joined
}
