import type { Entry } from '../core/index.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { readRecord, seal, writeRecord } from './codec.ts'
import { timeOf } from './seek.ts'

/** Entries as bytes, a few for each row, as the journal itself stores them. */
export function packEntries(entries: readonly Entry[]): Uint8Array {
  const packed = new ByteWriter(1_024)
  const writer = new ByteWriter(1_024)
  for (const entry of entries) {
    writer.length = 0
    writeRecord(writer, entry, timeOf(entry))
    const record = writer.bytes.subarray(0, writer.length)
    seal(record, 0)
    packed.varint(entry.offset)
    packed.varint(record.length)
    packed.raw(record)
  }
  return packed.bytes.slice(0, packed.length)
}

/** The entries that `packEntries` wrote; one that is damaged is left out. */
export function unpackEntries(bytes: Uint8Array): Entry[] {
  const entries: Entry[] = []
  const reader = new ByteReader(bytes)
  while (reader.position < bytes.length) {
    const offset = reader.varint()
    // A copy: what is read keeps parts of it.
    const record = readRecord(reader.raw(reader.varint()).slice())
    if (record) entries.push({ ...record, offset })
  }
  return entries
}
