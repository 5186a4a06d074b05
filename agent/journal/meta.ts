import { crc32 } from 'node:zlib'
import { Encoder } from 'cbor-x'
import { ByteReader, ByteWriter } from './bytes.ts'
import { damage } from './failures.ts'
import { ValueCodec } from './values.ts'

const cbor = new Encoder({ useRecords: false, tagUint8Array: true })

/** Columns from this length on are packed. */
const packedFrom = 32
/** Under this key stands a packed column of numbers; no state has such a key of its own. */
const packedKey = '\u0000packed'
const writer = new ByteWriter()
const codec = new ValueCodec()

/**
 * A value of the journal (counters, tag, cursor with its state) as CBOR behind its CRC32. Typed arrays come back as such;
 * -0 outside of them as 0. A checkpoint holds the samples of all open windows: as a Float64Array each is written in the
 * few bytes that it takes in a record.
 */
export function encodeMeta(value: unknown): Uint8Array {
  const body = cbor.encode(pack(value))
  const bytes = new Uint8Array(body.length + 4)
  bytes.set(body, 4)
  new DataView(bytes.buffer).setUint32(0, crc32(body), true)
  return bytes
}

/** The value, undefined where it is absent. Throws an Error where its checksum is wrong. */
export function decodeMeta(bytes: Uint8Array | undefined): unknown {
  if (!bytes) return undefined
  const body = bytes.subarray(4)
  const stored = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true)
  if (stored !== crc32(body)) throw damage('a checksum is wrong')
  return unpack(cbor.decode(body))
}

function pack(value: unknown): unknown {
  if (value instanceof Float64Array) return value.length < packedFrom ? value : { [packedKey]: packColumn(value) }
  if (Array.isArray(value)) return value.map(pack)
  if (!isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, pack(part)]))
}

function packColumn(column: Float64Array): Uint8Array {
  writer.length = 0
  writer.varint(column.length)
  codec.column(column.length).set(column)
  codec.write(writer, column.length)
  return writer.bytes.slice(0, writer.length)
}

function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack)
  if (!isPlain(value)) return value
  const packed = value[packedKey]
  if (packed instanceof Uint8Array) {
    const reader = new ByteReader(packed)
    const length = reader.varint()
    return codec.read(reader, length).slice(0, length)
  }
  for (const key of Object.keys(value)) value[key] = unpack(value[key])
  return value
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
