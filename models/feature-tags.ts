import type { FeatureBatch } from '../agent/core/index.ts'

/** The role that a feature column is about: `vibration` of `vibration.mean`, all of the name where it has no dot. */
export function roleOf(column: string): string {
  const dot = column.lastIndexOf('.')
  return dot > 0 ? column.slice(0, dot) : column
}

/** The same rows with the columns of the names that are wanted only. */
export function pickColumns(features: FeatureBatch, wanted: (name: string) => boolean): FeatureBatch {
  const columns = [...features.names.keys()].filter((column) => wanted(features.names[column]))
  const from = features.names.length
  const values = new Float64Array(features.length * columns.length)
  for (let row = 0, at = 0; row < features.length; row++) {
    for (const column of columns) values[at++] = features.values[row * from + column]
  }
  return { ...features, names: columns.map((column) => features.names[column]), values }
}
