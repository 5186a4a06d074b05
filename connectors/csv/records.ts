/** The cells of one record: byte ranges, blanks around them left out. Valid only while the record is handled. */
export class Cells {
  count = 0
  from = new Int32Array(64)
  to = new Int32Array(64)

  add(from: number, to: number): void {
    if (this.count === this.from.length) {
      const wider = (column: Int32Array) => Int32Array.from({ length: column.length * 2 }, (_, at) => column[at] ?? 0)
      this.from = wider(this.from)
      this.to = wider(this.to)
    }
    this.from[this.count] = from
    this.to[this.count++] = to
  }
}

/** What becomes of the records of a file; `line` counts from 1, of several lines the first. */
export interface RecordHandler {
  record(bytes: Buffer, cells: Cells, line: number): void
  /** A record that cannot be told apart from the next. */
  broken(bytes: Buffer, line: number, detail: string): void
}

/** The largest cell in quotes. A quote left open would otherwise swallow the rest of the file. */
const largestCell = 65_536
const blank = 0x20
const lineFeed = 0x0a
const carriageReturn = 0x0d
const quote = 0x22

/**
 * Cuts bytes into records and cells, in place; a record is copied only where it has doubled quotes to be made single ones.
 * A quote within a cell that does not begin with one is a character like any other.
 */
export class RecordScanner {
  readonly #delimiter: number
  readonly #handler: RecordHandler
  readonly #cells = new Cells()
  #line: number
  /** Doubled quotes so far. */
  #doublings = 0

  /** `delimiter` is the character, a blank for runs of blanks; `line` the number of the first line. */
  constructor(delimiter: string, handler: RecordHandler, line = 1) {
    this.#delimiter = delimiter.charCodeAt(0)
    this.#handler = handler
    this.#line = line
  }

  get line(): number {
    return this.#line
  }

  /**
   * Handles the records that end within `bytes`, up to `limit` of them; with `final`, also the last one without an end.
   * Returns the number of bytes that are done with.
   */
  scan(bytes: Buffer, final: boolean, limit = Infinity): number {
    let at = 0
    let nextQuote = -1
    for (let records = 0; at < bytes.length && records < limit; records++) {
      let end = bytes.indexOf(lineFeed, at)
      if (end < 0) {
        if (!final) break
        end = bytes.length
      }
      if (nextQuote < at) {
        nextQuote = this.#delimiter === blank ? -1 : bytes.indexOf(quote, at)
        if (nextQuote < 0) nextQuote = bytes.length
      }
      if (nextQuote < end) {
        const next = this.#quoted(bytes, at, final)
        if (next === at) break
        at = next
      } else {
        this.#plain(bytes, at, end)
        this.#line++
        at = end + 1
      }
    }
    return Math.min(at, bytes.length)
  }

  #plain(bytes: Buffer, from: number, lineEnd: number): void {
    const end = bytes[lineEnd - 1] === carriageReturn && lineEnd > from ? lineEnd - 1 : lineEnd
    const cells = this.#cells
    cells.count = 0
    if (this.#delimiter === blank) splitBlanks(bytes, from, end, cells)
    else split(bytes, from, end, this.#delimiter, cells)
    if (cells.count > 1 || (cells.count === 1 && cells.to[0] > cells.from[0]))
      this.#handler.record(bytes, cells, this.#line)
  }

  /** Handles the record with quotes at `from`; returns where the next one begins, `from` where more is needed. */
  #quoted(bytes: Buffer, from: number, final: boolean): number {
    const cells = this.#cells
    cells.count = 0
    const doublings = this.#doublings
    let at = from
    for (let more = true; more;) {
      while (bytes[at] === blank && at < bytes.length) at++
      if (bytes[at] === quote) {
        const end = this.#closing(bytes, at + 1, Math.min(bytes.length, at + largestCell), final)
        if (end < 0) return final || bytes.length - at > largestCell ? this.#skip(bytes, from) : from
        cells.add(...trimmed(bytes, at + 1, end))
        for (at = end + 1; bytes[at] === blank;) at++
      } else {
        const start = at
        while (at < bytes.length && bytes[at] !== this.#delimiter && bytes[at] !== lineFeed) at++
        addTrimmed(cells, bytes, start, bytes[at - 1] === carriageReturn && at > start ? at - 1 : at)
      }
      more = at < bytes.length && bytes[at] === this.#delimiter
      if (more) at++
    }
    if (bytes[at] === carriageReturn) at = Math.max(bytes.indexOf(lineFeed, at), at)
    if (at >= bytes.length && !final) return from
    const next = Math.min(at + 1, bytes.length)
    if (this.#doublings > doublings) this.#emitSingled(bytes.subarray(from, next), from)
    else this.#handler.record(bytes, cells, this.#line)
    this.#line += countLines(bytes, from, next)
    return next
  }

  /** Where the quote is that ends a cell: one before a delimiter or the end of a line. -1 where there is none so far. */
  #closing(bytes: Buffer, from: number, to: number, final: boolean): number {
    for (let at = bytes.indexOf(quote, from); at >= 0 && at < to; at = bytes.indexOf(quote, at + 1)) {
      if (bytes[at + 1] === quote) {
        this.#doublings++
        at++
        continue
      }
      let behind = at + 1
      while (bytes[behind] === blank) behind++
      if (behind >= bytes.length) return final ? at : -1
      const byte = bytes[behind]
      if (byte === this.#delimiter || byte === lineFeed || byte === carriageReturn) return at
    }
    return -1
  }

  /** Hands over the cells of a copy in which doubled quotes are single ones. */
  #emitSingled(record: Buffer, offset: number): void {
    const copy = Buffer.from(record)
    const cells = this.#cells
    let to = 0
    for (let cell = 0; cell < cells.count; cell++) {
      const [from, end] = [cells.from[cell] - offset, cells.to[cell] - offset]
      let before = from - 1
      while (record[before] <= blank) before--
      const wasQuoted = record[before] === quote
      cells.from[cell] = to
      for (let at = from; at < end; at++) {
        copy[to++] = record[at]
        if (wasQuoted && record[at] === quote && record[at + 1] === quote) at++
      }
      cells.to[cell] = to
    }
    this.#handler.record(copy, cells, this.#line)
  }

  /** Puts one line aside and goes on after it. */
  #skip(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(lineFeed, from)
    const next = end < 0 ? bytes.length : end + 1
    this.#handler.broken(bytes.subarray(from, next), this.#line++, 'a quote is opened and not closed')
    return next
  }
}

/** Adds a cell without the blanks around it. */
function addTrimmed(cells: Cells, bytes: Buffer, from: number, to: number): void {
  let left = from
  let right = to
  while (left < right && bytes[left] === blank) left++
  while (right > left && bytes[right - 1] === blank) right--
  cells.add(left, right)
}

/** The range without white space at its ends. */
function trimmed(bytes: Buffer, from: number, to: number): [from: number, to: number] {
  let left = from
  let right = to
  while (left < right && bytes[left] <= blank) left++
  while (right > left && bytes[right - 1] <= blank) right--
  return [left, right]
}

function split(bytes: Buffer, from: number, end: number, delimiter: number, cells: Cells): void {
  let start = from
  for (let at = from; at <= end; at++) {
    if (at < end && bytes[at] !== delimiter) continue
    addTrimmed(cells, bytes, start, at)
    start = at + 1
  }
}

function splitBlanks(bytes: Buffer, from: number, end: number, cells: Cells): void {
  let at = from
  while (at < end) {
    while (at < end && (bytes[at] === blank || bytes[at] === 0x09)) at++
    const start = at
    while (at < end && bytes[at] !== blank && bytes[at] !== 0x09) at++
    if (at > start) cells.add(start, at)
  }
}

/** Lines that end in a range; one without an end counts where the bytes do. */
function countLines(bytes: Buffer, from: number, to: number): number {
  let lines = to === bytes.length && bytes[to - 1] !== lineFeed ? 1 : 0
  for (let at = bytes.indexOf(lineFeed, from); at >= 0 && at < to; at = bytes.indexOf(lineFeed, at + 1)) lines++
  return lines
}
