import { crc32 } from 'node:zlib'
import { Encoder } from 'cbor-x'
import { type DeadLetter, type JournalEvent, type JournalRecord, rowsOf } from '../core/index.ts'
import { ByteReader, type ByteWriter } from './bytes.ts'
import { readPredictions, writePredictions } from './predictions.ts'
import { readBatch, writeBatch } from './samples.ts'

/**
 * A record: CRC32 of all that follows (4 bytes), version (1), kind (1), rows (4), rows before it in the stream (6),
 * arrival (8, float64 ms); then origin + 1 as varint, 0 where there is none, and the body. Little-endian throughout.
 */
export const headerSize = 24
const version = 1
const kinds = ['samples', 'predictions', 'event', 'dead'] as const

const cbor = new Encoder({ useRecords: false, tagUint8Array: false })

export interface Header {
  readonly kind: JournalRecord['kind']
  readonly rows: number
  /** Rows ever appended to the stream before this record. */
  readonly rowsBefore: number
  /** ms since epoch. Of records that have none of their own: that of the newest record before. */
  readonly arrival: number
}

/** Appends a record to the writer; `seal` completes it once it is known which records come before. */
export function writeRecord(writer: ByteWriter, record: JournalRecord, arrival: number): void {
  writer.reserve(headerSize)
  const { view, length } = writer
  view.setUint8(length + 4, version)
  view.setUint8(length + 5, kinds.indexOf(record.kind) + 1)
  view.setUint32(length + 6, rowsOf(record), true)
  view.setFloat64(length + 16, arrival, true)
  writer.length += headerSize
  const origin = 'origin' in record ? record.origin : undefined
  writer.varint(origin === undefined ? 0 : origin + 1)
  if (record.kind === 'samples') writeBatch(writer, record.batch)
  else if (record.kind === 'predictions') writePredictions(writer, record.predictions)
  else if (record.kind === 'event') writer.raw(cbor.encode(record.event))
  else writer.raw(cbor.encode(record.letter))
}

/** Completes the record in `bytes` with the rows before it and its checksum. */
export function seal(bytes: Uint8Array, rowsBefore: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  view.setUint32(10, rowsBefore, true)
  view.setUint16(14, Math.floor(rowsBefore / 2 ** 32), true)
  view.setUint32(0, crc32(bytes.subarray(4)), true)
}

/** The header of a record, undefined where its checksum is wrong or its version unknown. */
export function readHeader(bytes: Uint8Array): Header | undefined {
  if (bytes.length < headerSize + 1) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== crc32(bytes.subarray(4))) return undefined
  if (view.getUint8(4) !== version || view.getUint8(5) > kinds.length) return undefined
  return {
    kind: kinds[view.getUint8(5) - 1],
    rows: view.getUint32(6, true),
    rowsBefore: view.getUint32(10, true) + view.getUint16(14, true) * 2 ** 32,
    arrival: view.getFloat64(16, true),
  }
}

/** The record in `bytes`, undefined where it is corrupt. Keeps parts of `bytes`: give it a copy of its own. */
export function readRecord(bytes: Uint8Array): JournalRecord | undefined {
  const header = readHeader(bytes)
  if (!header) return undefined
  try {
    return readBody(new ByteReader(bytes, headerSize), header)
  } catch {
    // A checksum that fits by chance, or a record by a faulty writer: one record is lost, not the journal.
    return undefined
  }
}

function readBody(reader: ByteReader, { kind, rows, arrival }: Header): JournalRecord {
  const stored = reader.varint()
  const origin = stored - 1
  const maybe = stored === 0 ? {} : { origin }
  switch (kind) {
    case 'samples':
      return { kind, batch: readBatch(reader, rows, arrival), ...maybe }
    case 'predictions':
      return { kind, predictions: readPredictions(reader, rows), origin }
    case 'event':
      return { kind, event: readCbor(reader) as JournalEvent, arrival, ...maybe }
    case 'dead':
      return { kind, letter: readCbor(reader) as DeadLetter }
  }
}

function readCbor(reader: ByteReader): unknown {
  return cbor.decode(reader.bytes.subarray(reader.position))
}
