/** The role that a feature column is about: `vibration` of `vibration.mean`, all of the name where it has no dot. */
export function roleOf(column: string): string {
  const dot = column.lastIndexOf('.')
  return dot > 0 ? column.slice(0, dot) : column
}
