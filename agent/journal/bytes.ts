/** Appends to a buffer that grows and is used again. `length` may be set back to drop what was written last. */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>
  view: DataView<ArrayBuffer>
  length = 0

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Makes room for `count` more bytes. Earlier subarrays keep showing the old buffer. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const bytes = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    bytes.set(this.bytes.subarray(0, this.length))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  float64(value: number): void {
    this.reserve(8)
    this.view.setFloat64(this.length, value, true)
    this.length += 8
  }

  /** An integer from 0 to 2^53 - 1 in 1 to 8 bytes, seven bits each. */
  varint(value: number): void {
    this.reserve(8)
    while (value >= 0x80000000) {
      this.bytes[this.length++] = (value % 128) | 128
      value = Math.floor(value / 128)
    }
    let rest = value | 0
    while (rest >= 128) {
      this.bytes[this.length++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.bytes[this.length++] = rest
  }

  /** An integer of either sign, up to 2^52 in size. */
  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  text(value: string): void {
    // One UTF-16 unit becomes three bytes at most; the size before them takes up to eight.
    this.reserve(value.length * 3 + 16)
    const start = this.length
    this.varint(value.length)
    const body = this.length
    let size = asciiInto(value, this.bytes, body)
    if (size < 0) size = encoder.encodeInto(value, this.bytes.subarray(body)).written
    if (size !== value.length) {
      this.length = start
      this.varint(size)
      // The size may take a byte more than the guess did.
      if (this.length !== body) this.bytes.copyWithin(this.length, body, body + size)
    }
    this.length += size
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Short ASCII texts, the usual ones, are copied four times faster by hand. -1 where it is not one. */
function asciiInto(text: string, into: Uint8Array, at: number): number {
  if (text.length > 64) return -1
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return -1
    into[at + i] = code
  }
  return text.length
}

/** Reads what a `ByteWriter` wrote. Throws a RangeError beyond the end. */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly view: DataView
  position: number

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = position
  }

  byte(): number {
    if (this.position >= this.bytes.length) throw new RangeError('the record ends too early')
    return this.bytes[this.position++]
  }

  float64(): number {
    const value = this.view.getFloat64(this.position, true)
    this.position += 8
    return value
  }

  varint(): number {
    let value = 0
    let unit = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 127) * unit
      if (byte < 128) return value
      unit *= 128
    }
  }

  signed(): number {
    const value = this.varint()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }

  text(): string {
    return decoder.decode(this.raw(this.varint()))
  }

  /** A view, not a copy. */
  raw(count: number): Uint8Array {
    if (this.position + count > this.bytes.length) throw new RangeError('the record ends too early')
    const part = this.bytes.subarray(this.position, this.position + count)
    this.position += count
    return part
  }
}
