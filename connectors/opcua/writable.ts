/** What may be written into a node. */
export type Writable = boolean | number | string

/** Whether a value that was read is the one that was written; float32 nodes round, and some PLCs have numbers for booleans. */
export function isSame(read: Writable | null, written: Writable): boolean {
  if (typeof read === 'number' && typeof written === 'number') {
    return read === written || Math.fround(read) === Math.fround(written)
  }
  if (typeof read === 'number' && typeof written === 'boolean') return read === Number(written)
  return read === written
}
