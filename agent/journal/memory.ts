import type { Stream } from '../core/index.ts'
import type { Changes, Store, StoredRecord } from './store.ts'

/** Keeps the encoded records in memory: for tests and for devices without a disk to write to. Gone with the process. */
export class MemoryStore implements Store {
  readonly readable = true
  readonly #records: Record<Stream, StoredRecord[]> = { samples: [], results: [], dead: [] }
  readonly #meta = new Map<string, Uint8Array>()

  commit(changes: Changes): Promise<void> {
    for (const { stream, offset, bytes } of changes.puts) this.#records[stream].push({ offset, bytes: bytes.slice() })
    for (const { stream, offsets } of changes.removals) this.#remove(stream, offsets)
    for (const [name, bytes] of changes.meta) this.#meta.set(name, bytes)
    return Promise.resolve()
  }

  #remove(stream: Stream, offsets: readonly number[]): void {
    const gone = new Set(offsets)
    this.#records[stream] = this.#records[stream].filter((record) => !gone.has(record.offset))
  }

  *scan(stream: Stream, from: number, to: number): Iterable<StoredRecord> {
    const records = this.#records[stream]
    for (let i = firstAt(records, from); i < records.length && records[i].offset < to; i++) yield records[i]
  }

  meta(name: string): Uint8Array | undefined {
    return this.#meta.get(name)
  }

  footprint(length: number): number {
    // The bytes, and the objects that hold them.
    return length + 200
  }

  trimmed(): void {
    // Nothing was set aside for it.
  }

  refresh(): void {
    // Nobody else can have changed it.
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function firstAt(records: readonly StoredRecord[], offset: number): number {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (records[middle].offset < offset) low = middle + 1
    else high = middle
  }
  return low
}
