import { createRequire } from 'node:module'
import type Protobuf from 'protobufjs/minimal.js'
import { later } from '../agent/core/index.ts'
import type { Report } from './report.ts'

const require = createRequire(import.meta.url)
const library = later(() => require('protobufjs/minimal.js') as typeof Protobuf)

/**
 * Scalars as a TensorBoard event file: records of length, masked CRC-32C of the length, an `Event` protobuf, masked
 * CRC-32C of it (TensorFlow's record format).
 */
export function encodeScalars({ scalars, created }: Pick<Report, 'scalars' | 'created'>): Uint8Array {
  const { Writer } = library()
  const seconds = created / 1000
  const version = Writer.create().uint32(9).double(seconds).uint32(26).string('brain.Event:2').finish()
  const events = scalars.map(({ tag, step, value }) => {
    const writer = Writer.create().uint32(9).double(seconds).uint32(16).int64(step)
    writer.uint32(42).fork().uint32(10).fork().uint32(10).string(tag).uint32(21).float(value).ldelim().ldelim()
    return writer.finish()
  })
  return Buffer.concat([version, ...events].flatMap(record))
}

function record(data: Uint8Array): Uint8Array[] {
  const head = Buffer.alloc(12)
  head.writeBigUInt64LE(BigInt(data.length), 0)
  head.writeUInt32LE(masked(crc32c(head.subarray(0, 8))), 8)
  const foot = Buffer.alloc(4)
  foot.writeUInt32LE(masked(crc32c(data)), 0)
  return [head, data, foot]
}

/** CRC-32C (Castagnoli), reflected. */
const polynomial = 0x82f63b78
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
  return crc >>> 0
})

/** The checksum of TensorFlow's records before it is masked. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]
  return (crc ^ 0xffffffff) >>> 0
}

function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
