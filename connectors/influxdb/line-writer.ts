const newline = 0x0a
const space = 0x20
const minus = 0x2d
const point = 0x2e
const zero = 0x30
const lowerI = 0x69

/** Below this, a number of at most six decimals is written digit by digit; above, by the runtime's own conversion. */
const fastLimit = 1e9

/**
 * Writes line protocol straight into bytes. The buffer grows as needed; `take` hands over what was written and starts anew.
 * Call `reserve` before the `byte`, `decimal`, `integer` and `time` calls of a line: they check no bounds.
 */
export class LineWriter {
  #bytes: Buffer
  #length = 0
  /** The whole second whose digits `#secondDigits` holds. */
  #second = -1
  readonly #secondDigits = new Uint8Array(10)

  constructor(capacity = 65_536) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#bytes.length) return
    const wider = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(wider, 0, 0, this.#length)
    this.#bytes = wider
  }

  /** A copy of what was written since the last call. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return taken
  }

  /** Takes back everything after `length`. */
  truncate(length: number): void {
    this.#length = length
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Any text, as UTF-8. Makes its own room. */
  text(text: string): void {
    this.reserve(text.length * 3)
    this.#length += this.#bytes.write(text, this.#length)
  }

  /** A finite number, such that reading it back gives the same number. */
  decimal(value: number): void {
    const size = Math.abs(value)
    if (size < fastLimit) {
      const millionths = Math.round(size * 1e6)
      // Both sides are the double nearest to millionths / 10^6, so equality means that these digits read back as `value`.
      if (millionths / 1e6 === size) {
        if (value < 0) this.#bytes[this.#length++] = minus
        this.#fixed(millionths)
        return
      }
    }
    this.#ascii(String(value))
  }

  /** A whole number, as an integer field: `42i`. */
  integer(value: number | bigint): void {
    this.#ascii(String(value))
    this.#bytes[this.#length++] = lowerI
  }

  /** A space, the time in microseconds and the end of the line. */
  time(microseconds: number): void {
    this.#bytes[this.#length++] = space
    const second = Math.floor(microseconds / 1e6)
    if (second >= 1e9 && second < 1e10) {
      if (second !== this.#second) this.#cacheSecond(second)
      this.#bytes.set(this.#secondDigits, this.#length)
      this.#length += 10
      this.#sixDigits(microseconds - second * 1e6)
    } else this.#ascii(String(microseconds))
    this.#bytes[this.#length++] = newline
  }

  #fixed(millionths: number): void {
    const whole = Math.floor(millionths / 1e6)
    const fraction = millionths - whole * 1e6
    this.#whole(whole)
    if (fraction === 0) return
    this.#bytes[this.#length++] = point
    this.#sixDigits(fraction)
    while (this.#bytes[this.#length - 1] === zero) this.#length--
  }

  /** A whole number below 2^31, without sign. */
  #whole(value: number): void {
    let digits = 1
    for (let limit = 10; value >= limit; limit *= 10) digits++
    let rest = value | 0
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const next = (rest / 10) | 0
      this.#bytes[at] = zero + (rest - next * 10)
      rest = next
    }
    this.#length += digits
  }

  #sixDigits(value: number): void {
    let rest = value | 0
    for (let at = this.#length + 5; at >= this.#length; at--) {
      const next = (rest / 10) | 0
      this.#bytes[at] = zero + (rest - next * 10)
      rest = next
    }
    this.#length += 6
  }

  #cacheSecond(second: number): void {
    this.#second = second
    const digits = String(second)
    for (let i = 0; i < 10; i++) this.#secondDigits[i] = digits.charCodeAt(i)
  }

  #ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i)
  }
}

/**
 * Text as a tag value, tag key or field key. Line protocol cannot write a line break there, nor a backslash at the end:
 * the first becomes a space, the second is left out.
 */
export function escapeKey(text: string): string {
  let end = text.length
  while (text[end - 1] === '\\') end--
  return text
    .slice(0, end)
    .replace(/[\r\n]+/g, ' ')
    .replace(/[,= ]/g, '\\$&')
}

/** Text as a string field, with its quotes. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
