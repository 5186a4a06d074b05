import type { Stream } from '../core/index.ts'

/** A record as stored. `bytes` belongs to the reader. */
export interface StoredRecord {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** What one commit changes, all of it or nothing. */
export interface Changes {
  /** Valid until the commit is done. */
  readonly puts: readonly { readonly stream: Stream; readonly offset: number; readonly bytes: Uint8Array }[]
  /** `bytes`: what the removed records took. */
  readonly removals: readonly { readonly stream: Stream; readonly offsets: readonly number[]; readonly bytes: number }[]
  /** Small values by name: counters, cursors, tags. */
  readonly meta: ReadonlyMap<string, Uint8Array>
}

/** Where a journal keeps its bytes. One commit at a time. */
export interface Store {
  /** False where the store could not be opened again: until a commit succeeds, `scan` and `meta` find nothing. */
  readonly readable: boolean
  /** Resolves once the changes would survive a power cut; rejects with a JournalError, and nothing is changed then. */
  commit(changes: Changes): Promise<void>
  /** Records at offsets from `from` to before `to`, ascending. To be read in one go: a pause would hold back free space. */
  scan(stream: Stream, from: number, to: number): Iterable<StoredRecord>
  meta(name: string): Uint8Array | undefined
  /** Called when a trimming is over. */
  trimmed(): void
  /** What a record of so many bytes takes in the store. */
  footprint(length: number): number
  /** Shows what other processes have committed since. */
  refresh(): void
  close(): Promise<void>
}
