import { Quality } from '../../../agent/core/index.ts'
import type { Receiver } from './contract.ts'

/** The order of bytes: `be` ABCD, `le` DCBA, and the two of Modbus devices that swap words or bytes. */
type Order = 'be' | 'le' | 'cdab' | 'badc'

type Kind = 'u' | 'i' | 'f'

/** Types of numbers in bytes, as in `u16be`. */
export const binaryTypes = [
  'u8',
  'i8',
  'u16be',
  'u16le',
  'i16be',
  'i16le',
  'u24be',
  'u24le',
  'i24be',
  'i24le',
  'u32be',
  'u32le',
  'u32cdab',
  'u32badc',
  'i32be',
  'i32le',
  'i32cdab',
  'i32badc',
  'u64be',
  'u64le',
  'i64be',
  'i64le',
  'f32be',
  'f32le',
  'f32cdab',
  'f32badc',
  'f64be',
  'f64le',
] as const
export type BinaryType = (typeof binaryTypes)[number]

/** How bytes are written. */
export const encodings = ['hex', 'base64', 'binary'] as const
export type Encoding = (typeof encodings)[number]

/** One number in the bytes. */
export interface BinaryValue {
  readonly type: BinaryType
  /** Bytes before it. */
  readonly offset: number
  /** The value is the number by `scale`, plus `add`. */
  readonly scale: number
  readonly add: number
  /** Only this bit of the number, 0 the lowest: a boolean. */
  readonly bit?: number | undefined
}

/** Reads numbers out of bytes: of a payload, or of a text in it. */
export interface BinaryReader {
  readonly from: Encoding
  read(data: Buffer | string, field: string, time: number, quality: Quality, receiver: Receiver): void
}

/** `values` by field; one with an empty name is the value of the payload itself. */
export function binaryReader(from: Encoding, values: readonly (readonly [string, BinaryValue])[]): BinaryReader {
  const readers = values.map(([field, value]) => [field, value, numberReader(value.type)] as const)
  return {
    from,
    read(data, outer, time, quality, receiver) {
      const bytes = typeof data === 'string' ? bytesOf(data, from) : data
      if (typeof bytes === 'string') {
        receiver.reject('malformed', bytes, outer)
        return
      }
      for (const [name, value, { size, read }] of readers) {
        const field = name === '' ? outer : outer === '' ? name : `${outer}/${name}`
        if (value.offset + size <= bytes.length) put(read(bytes, value.offset), value, field, time, quality, receiver)
        else
          receiver.reject(
            'malformed',
            `${value.type} at ${value.offset} needs ${value.offset + size} bytes; there are ${bytes.length}`,
            field,
          )
      }
    },
  }
}

function put(
  raw: number | bigint,
  { scale, add, bit }: BinaryValue,
  field: string,
  time: number,
  quality: Quality,
  receiver: Receiver,
): void {
  if (bit !== undefined)
    receiver.boolean(field, time, ((BigInt(Math.trunc(Number(raw))) >> BigInt(bit)) & 1n) === 1n, quality)
  else if (typeof raw === 'bigint' && scale === 1 && add === 0) receiver.integer(field, time, raw, quality)
  else if (Number.isFinite(Number(raw))) receiver.number(field, time, scaled(Number(raw), scale, add), quality)
  else receiver.absent(field, time)
}

/** 272 by 0.1 is 27.2: a scale is a decimal number, and what it makes has no more digits than it and the raw number have. */
function scaled(raw: number, scale: number, add: number): number {
  return scale === 1 && add === 0 ? raw : Number((raw * scale + add).toPrecision(15))
}

/** A text says what is wrong. */
function bytesOf(text: string, from: Encoding): Buffer | string {
  if (from === 'binary') return Buffer.from(text, 'latin1')
  const bare = text.trim()
  if (from === 'base64') {
    const bytes = /^[A-Za-z0-9+/_-]*={0,2}$/.test(bare) ? Buffer.from(bare, 'base64') : undefined
    return bytes && bytes.length > 0 ? bytes : 'not base64'
  }
  const digits = bare.replace(/\b0x/gi, '').replace(/[\s:,-]/g, '')
  if (/^(?:[0-9a-f]{2})+$/i.test(digits)) return Buffer.from(digits, 'hex')
  return `not hexadecimal: ${JSON.stringify(bare.slice(0, 40))}`
}

interface NumberReader {
  readonly size: number
  readonly read: (bytes: Buffer, at: number) => number | bigint
}

function numberReader(type: BinaryType): NumberReader {
  const [, kind, bits, order] = /^([uif])(\d+)(\w*)$/.exec(type) as unknown as [string, Kind, string, Order | '']
  const size = Number(bits) / 8
  const places: readonly number[] | undefined = {
    cdab: [2, 3, 0, 1],
    badc: [1, 0, 3, 2],
    be: undefined,
    le: undefined,
    '': undefined,
  }[order]
  if (places) {
    const straight = plainReader(kind, size, 'be')
    return { size, read: (bytes, at) => straight(Buffer.from(places.map((place) => bytes[at + place])), 0) }
  }
  return { size, read: plainReader(kind, size, order === 'le' ? 'le' : 'be') }
}

function plainReader(kind: Kind, size: number, order: 'be' | 'le'): (bytes: Buffer, at: number) => number | bigint {
  const big = order === 'be'
  if (kind === 'f' && size === 4) return (bytes, at) => single(big ? bytes.readFloatBE(at) : bytes.readFloatLE(at))
  if (kind === 'f') return (bytes, at) => (big ? bytes.readDoubleBE(at) : bytes.readDoubleLE(at))
  if (size === 8 && kind === 'u') return (bytes, at) => (big ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at))
  if (size === 8) return (bytes, at) => (big ? bytes.readBigInt64BE(at) : bytes.readBigInt64LE(at))
  if (kind === 'u') return (bytes, at) => (big ? bytes.readUIntBE(at, size) : bytes.readUIntLE(at, size))
  return (bytes, at) => (big ? bytes.readIntBE(at, size) : bytes.readIntLE(at, size))
}

/** The shortest decimal number that is this float of 32 bits: a device that says 21.3 means 21.3. */
function single(value: number): number {
  if (!Number.isFinite(value)) return value
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}
