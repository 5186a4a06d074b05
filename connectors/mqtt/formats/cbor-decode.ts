/** Something that this reader does not take; the message says what. */
export class CborError extends Error {
  /** Nested deeper than was allowed. */
  readonly deep: boolean

  constructor(message: string, deep = false) {
    super(message)
    this.deep = deep
  }
}

/** Arrays of numbers, RFC 8746: tag 64 + this, little endian ones. */
const arrays: Readonly<Record<number, (bytes: Buffer) => ArrayLike<number>>> = {
  64: (bytes) => Float64Array.from(bytes),
  68: (bytes) => Float64Array.from(bytes),
  72: (bytes) => Float64Array.from(bytes, (byte) => (byte << 24) >> 24),
  65: numbers(2, (bytes, at) => bytes.readUInt16BE(at)),
  66: numbers(4, (bytes, at) => bytes.readUInt32BE(at)),
  69: numbers(2, (bytes, at) => bytes.readUInt16LE(at)),
  70: numbers(4, (bytes, at) => bytes.readUInt32LE(at)),
  73: numbers(2, (bytes, at) => bytes.readInt16BE(at)),
  74: numbers(4, (bytes, at) => bytes.readInt32BE(at)),
  77: numbers(2, (bytes, at) => bytes.readInt16LE(at)),
  78: numbers(4, (bytes, at) => bytes.readInt32LE(at)),
  81: numbers(4, (bytes, at) => bytes.readFloatBE(at)),
  82: numbers(8, (bytes, at) => bytes.readDoubleBE(at)),
  85: numbers(4, (bytes, at) => bytes.readFloatLE(at)),
  86: numbers(8, (bytes, at) => bytes.readDoubleLE(at)),
}

function numbers(size: number, read: (bytes: Buffer, at: number) => number): (bytes: Buffer) => Float64Array {
  return (bytes) => {
    if (bytes.length % size !== 0) throw new CborError('a typed array that ends in the middle of a number')
    return Float64Array.from({ length: bytes.length / size }, (_, index) => read(bytes, index * size))
  }
}

/**
 * CBOR (RFC 8949) of untrusted origin as plain values: numbers, bigints of 64 bits, texts, bytes, arrays, maps with text or
 * whole-numbered keys as objects, dates (tags 0 and 1), decimal fractions (tag 4) and arrays of numbers (RFC 8746). What the
 * sender could make larger than what it sent is not read: shared references, records, long integers. Throws a CborError.
 */
export function decodeCbor(bytes: Buffer, maxDepth: number): unknown {
  const reader = new CborReader(bytes, maxDepth)
  const value = reader.item(0)
  if (reader.at < bytes.length) throw new CborError(`${bytes.length - reader.at} bytes too many`)
  return value
}

const breaks = Symbol('break')

class CborReader {
  at = 0
  readonly #bytes: Buffer
  readonly #maxDepth: number

  constructor(bytes: Buffer, maxDepth: number) {
    this.#bytes = bytes
    // One level more for a tag around the innermost value.
    this.#maxDepth = maxDepth + 1
  }

  /** The item here; its depth is bounded, so the recursion is. */
  item(depth: number): unknown {
    const value = this.#any(depth)
    if (value === breaks) throw new CborError('a break where none may be')
    return value
  }

  #any(depth: number): unknown {
    if (depth > this.#maxDepth) throw new CborError(`nested deeper than ${this.#maxDepth - 1} levels`, true)
    this.#need(1)
    const first = this.#bytes[this.at++]
    const major = first >> 5
    const extra = first & 31
    if (major === 7) return this.#simple(extra)
    if (extra === 31) return this.#endless(major, depth)
    const count = this.#count(extra)
    switch (major) {
      case 0:
        return plain(count)
      case 1:
        return plain(-1n - count)
      case 2:
        return this.#slice(count)
      case 3:
        return this.#slice(count).toString('utf8')
      case 4:
        return this.#list(this.#fits(count), depth)
      case 5:
        return this.#map(this.#fits(count * 2n) / 2, depth)
      default:
        return this.#tagged(Number(count), depth)
    }
  }

  #count(extra: number): bigint {
    if (extra < 24) return BigInt(extra)
    if (extra > 27) throw new CborError('a reserved head')
    const size = 1 << (extra - 24)
    this.#need(size)
    this.at += size
    const from = this.at - size
    return size === 8 ? this.#bytes.readBigUInt64BE(from) : BigInt(this.#bytes.readUIntBE(from, size))
  }

  #need(size: number): void {
    if (this.at + size > this.#bytes.length) throw new CborError('it ends too early')
  }

  /** A head cannot claim more items than there are bytes left. */
  #fits(count: bigint): number {
    if (count > BigInt(this.#bytes.length - this.at)) throw new CborError('it ends too early')
    return Number(count)
  }

  #slice(count: bigint): Buffer {
    const size = this.#fits(count)
    this.at += size
    return this.#bytes.subarray(this.at - size, this.at)
  }

  #list(length: number, depth: number): unknown[] {
    const list: unknown[] = []
    for (let i = 0; i < length; i++) list.push(this.item(depth + 1))
    return list
  }

  #map(length: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    for (let i = 0; i < length; i++) this.#pair(map, this.item(depth + 1), depth)
    return map
  }

  #pair(map: Record<string, unknown>, key: unknown, depth: number): void {
    if (typeof key !== 'string' && typeof key !== 'number') throw new CborError('a key that is neither text nor number')
    // Not by assignment: a key such as __proto__ is a key like any other.
    const value = this.item(depth + 1)
    Object.defineProperty(map, String(key), { value, enumerable: true, configurable: true, writable: true })
  }

  #endless(major: number, depth: number): unknown {
    if (major < 2 || major > 5) throw new CborError('a reserved head')
    if (major === 5) {
      const map: Record<string, unknown> = {}
      for (let key = this.#any(depth + 1); key !== breaks; key = this.#any(depth + 1)) this.#pair(map, key, depth)
      return map
    }
    const parts: unknown[] = []
    for (let part = this.#any(depth + 1); part !== breaks; part = this.#any(depth + 1)) parts.push(part)
    if (major === 4) return parts
    if (major === 3 && parts.every((part) => typeof part === 'string')) return parts.join('')
    if (major === 2 && parts.every((part) => Buffer.isBuffer(part))) return Buffer.concat(parts)
    throw new CborError('a text or bytes in pieces of another kind')
  }

  #simple(extra: number): unknown {
    if (extra === 31) return breaks
    if (extra === 20 || extra === 21) return extra === 21
    if (extra === 22 || extra === 23) return null
    const size = { 25: 2, 26: 4, 27: 8 }[extra]
    if (size === undefined) throw new CborError('a simple value without a meaning')
    this.#need(size)
    const from = this.at
    this.at += size
    if (size === 2) return halfFloat(this.#bytes.readUInt16BE(from))
    return size === 4 ? this.#bytes.readFloatBE(from) : this.#bytes.readDoubleBE(from)
  }

  #tagged(tag: number, depth: number): unknown {
    const value = this.item(depth + 1)
    if (tag === 0 && typeof value === 'string') return value
    if (tag === 1 && typeof value === 'number' && Math.abs(value) <= 8.64e12) return new Date(value * 1_000)
    if (tag === 0 || tag === 1) throw new CborError('a date that is none')
    if (tag === 4) return decimalFraction(value)
    if (Object.hasOwn(arrays, tag) && Buffer.isBuffer(value)) return arrays[tag](value)
    // Hints, and the mark of CBOR itself, which change nothing.
    if (tag === 55_799 || tag === 21 || tag === 22 || tag === 23 || (tag >= 32 && tag <= 36)) return value
    throw new CborError(`items of tag ${tag} are not read`)
  }
}

function plain(count: bigint): number | bigint {
  const value = Number(count)
  return Number.isSafeInteger(value) ? value : count
}

/** [exponent, mantissa], RFC 8949, 3.4.4. */
function decimalFraction(value: unknown): number {
  if (!Array.isArray(value) || value.length !== 2) throw new CborError('a decimal fraction that is none')
  const [exponent, mantissa] = value as unknown[]
  if (typeof exponent !== 'number' || typeof mantissa !== 'number' || !(Math.abs(exponent) <= 300))
    throw new CborError('a decimal fraction that is none')
  return Number(`${mantissa}e${exponent}`)
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}
