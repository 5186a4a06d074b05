import { LineWriter } from './line-writer.ts'

/** Numbers kept per line: where it ends in the bytes, index of its entry in the write, row in that entry. */
const stride = 3

/** Lines that go to the server in one request, each with where it came from. */
export class Body {
  readonly bytes: Buffer
  readonly #places: readonly number[]

  constructor(bytes: Buffer, places: readonly number[]) {
    this.bytes = bytes
    this.#places = places
  }

  /** Number of lines. */
  get length(): number {
    return this.#places.length / stride
  }

  /** Index of the entry that a line came from. */
  entry(line: number): number {
    return this.#places[line * stride + 1]
  }

  /** Row in the entry that a line came from. */
  row(line: number): number {
    return this.#places[line * stride + 2]
  }

  line(line: number): Buffer {
    return this.bytes.subarray(line === 0 ? 0 : this.#places[(line - 1) * stride], this.#places[line * stride])
  }

  /** The lines that `test` is true for, and the others, both in their order. */
  split(test: (line: number) => boolean): [Body, Body] {
    const chosen: number[] = []
    const others: number[] = []
    for (let line = 0; line < this.length; line++) (test(line) ? chosen : others).push(line)
    return [this.#pick(chosen), this.#pick(others)]
  }

  #pick(lines: readonly number[]): Body {
    let end = 0
    const places = lines.flatMap((line) => [(end += this.line(line).length), this.entry(line), this.row(line)])
    return new Body(
      Buffer.concat(
        lines.map((line) => this.line(line)),
        end,
      ),
      places,
    )
  }
}

/** Collects lines into bodies of bounded size, in order. */
export class BodyBuilder {
  readonly writer = new LineWriter()
  readonly #maxLines: number
  #maxBytes: number
  #places: number[] = []
  #bodies: Body[] = []

  constructor(maxLines: number, maxBytes: number) {
    this.#maxLines = maxLines
    this.#maxBytes = maxBytes
  }

  /** Bodies become no larger than this from now on, unless one line is. */
  limit(maxBytes: number): void {
    this.#maxBytes = Math.max(1, Math.min(this.#maxBytes, maxBytes))
  }

  /** Says that the writer holds one more line, made of that row of that entry. */
  endLine(entry: number, row: number): void {
    const { length } = this.writer
    this.#places.push(length, entry, row)
    if (this.#places.length >= this.#maxLines * stride || length >= this.#maxBytes) this.#close()
  }

  /** The bodies so far; the builder is empty afterwards. */
  take(): Body[] {
    this.#close()
    const bodies = this.#bodies
    this.#bodies = []
    return bodies
  }

  #close(): void {
    if (this.#places.length === 0) return
    this.#bodies.push(new Body(this.writer.take(), this.#places))
    this.#places = []
  }
}
