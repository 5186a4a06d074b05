import type { ByteReader, ByteWriter } from './bytes.ts'

const block = 32

/**
 * Writes unsigned 32-bit integers in blocks of 32: a byte with the number of bits of the block's largest, then each in
 * so many bits. (Lemire and Boytsov, Decoding billions of integers per second through vectorization, 2015: binary packing.)
 */
export function writePacked(writer: ByteWriter, values: Uint32Array, count: number): void {
  writer.reserve(count * 4 + (count >> 5) + 16)
  for (let from = 0; from < count; from += block) {
    const to = Math.min(count, from + block)
    const width = bitsOf(values, from, to)
    writer.bytes[writer.length++] = width
    if (width > 0) packBlock(writer, values, from, to, width)
  }
}

function bitsOf(values: Uint32Array, from: number, to: number): number {
  let any = 0
  for (let i = from; i < to; i++) any |= values[i]
  return 32 - Math.clz32(any)
}

function packBlock(writer: ByteWriter, values: Uint32Array, from: number, to: number, width: number): void {
  const view = writer.view
  let at = writer.length
  let word = 0
  let bit = 0
  for (let i = from; i < to; i++) {
    const value = values[i]
    word |= value << bit
    bit += width
    if (bit >= 32) {
      view.setUint32(at, word, true)
      at += 4
      bit -= 32
      word = bit === 0 ? 0 : value >>> (width - bit)
    }
  }
  // Whole words are written, room for them was reserved; only the bytes in use count.
  view.setUint32(at, word, true)
  writer.length += ((to - from) * width + 7) >> 3
}

/** Reads what `writePacked` wrote into the first `count` places of `into`. */
export function readPacked(reader: ByteReader, into: Uint32Array, count: number): void {
  for (let from = 0; from < count; from += block) {
    const to = Math.min(count, from + block)
    const width = reader.byte()
    if (width === 0) into.fill(0, from, to)
    else unpackBlock(reader, into, from, to, width)
  }
}

function unpackBlock(reader: ByteReader, into: Uint32Array, from: number, to: number, width: number): void {
  const size = ((to - from) * width + 7) >> 3
  const end = reader.position + size
  if (width > 32 || end > reader.bytes.length) throw new RangeError('the record ends too early')
  const { view, bytes } = reader
  const mask = width === 32 ? -1 : (1 << width) - 1
  let at = reader.position
  let word = wordAt(view, bytes, at)
  let bit = 0
  for (let i = from; i < to; i++) {
    let value = word >>> bit
    bit += width
    if (bit >= 32) {
      at += 4
      word = at < end ? wordAt(view, bytes, at) : 0
      bit -= 32
      if (bit > 0) value |= word << (width - bit)
    }
    into[i] = value & mask
  }
  reader.position = end
}

function wordAt(view: DataView, bytes: Uint8Array, at: number): number {
  if (at + 4 <= bytes.length) return view.getUint32(at, true)
  let word = 0
  for (let i = 0; at + i < bytes.length; i++) word |= bytes[at + i] << (8 * i)
  return word
}

/** Integers of either sign up to 2^52 in size, mostly small: what predictions leave over. Used again for each column. */
export class Residuals {
  #low = new Uint32Array(256)
  #high = new Uint32Array(256)
  #wide = false
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Whether one of them takes more than 32 bits; the reader has to know. */
  get wide(): boolean {
    return this.#wide
  }

  start(capacity: number): void {
    if (capacity > this.#low.length) {
      const size = Math.max(capacity, this.#low.length * 2)
      this.#low = new Uint32Array(size)
      this.#high = new Uint32Array(size)
    }
    this.#wide = false
    this.#count = 0
  }

  push(residual: number): void {
    const at = this.#count++
    // Zigzag: the sign becomes the lowest bit.
    const code = residual < 0 ? -2 * residual - 1 : 2 * residual
    this.#low[at] = code
    if (code >= 4294967296 || this.#wide) this.#pushHigh(at, Math.floor(code / 4294967296))
  }

  #pushHigh(at: number, high: number): void {
    if (!this.#wide) {
      this.#wide = true
      this.#high.fill(0, 0, at)
    }
    this.#high[at] = high
  }

  /** Bits that `write` would take, roughly. */
  cost(): number {
    let bits = 0
    for (let from = 0; from < this.#count; from += block) {
      const to = Math.min(this.#count, from + block)
      bits += bitsOf(this.#low, from, to) * (to - from)
      if (this.#wide) bits += bitsOf(this.#high, from, to) * (to - from)
    }
    return bits
  }

  write(writer: ByteWriter): void {
    writePacked(writer, this.#low, this.#count)
    if (this.#wide) writePacked(writer, this.#high, this.#count)
  }

  read(reader: ByteReader, count: number, wide: boolean): void {
    this.start(count)
    this.#count = count
    this.#wide = wide
    readPacked(reader, this.#low, count)
    if (wide) readPacked(reader, this.#high, count)
  }

  at(index: number): number {
    const low = this.#low[index]
    if (!this.#wide) return (low >>> 1) ^ -(low & 1)
    const code = this.#high[index] * 4294967296 + low
    return (low & 1) === 1 ? -(code + 1) / 2 : code / 2
  }
}
