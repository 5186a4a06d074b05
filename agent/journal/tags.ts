import type { ByteReader, ByteWriter } from './bytes.ts'
import { Residuals } from './integers.ts'

const Layout = { repeating: 0, runs: 1, list: 2 } as const
const wideFlag = 4

/** Writes the tag column: a repeating sequence (one row per tag, again and again), runs (waveforms), or a list. */
export class TagCodec {
  readonly #tags = new Residuals()
  readonly #runs = new Residuals()

  /** `count` is one at least. */
  write(writer: ByteWriter, tag: Uint32Array, count: number): void {
    const period = periodOf(tag, count)
    if (period < count || count === 1) {
      this.#differences(tag, period)
      this.#head(writer, Layout.repeating)
      writer.varint(period)
      this.#tags.write(writer)
    } else if (this.#collectRuns(tag, count) < count / 2) {
      this.#head(writer, Layout.runs)
      writer.varint(this.#tags.count)
      this.#tags.write(writer)
      this.#runs.write(writer)
    } else {
      this.#differences(tag, count)
      this.#head(writer, Layout.list)
      this.#tags.write(writer)
    }
  }

  read(reader: ByteReader, tag: Uint32Array, count: number): void {
    const head = reader.byte()
    const layout = head & 3
    const distinct = layout === Layout.list ? count : reader.varint()
    if (distinct > count || distinct === 0) throw new RangeError('the tags do not fit the rows')
    this.#tags.read(reader, distinct, (head & wideFlag) !== 0)
    if (layout === Layout.runs) this.#readRuns(reader, tag, count)
    else {
      let last = 0
      for (let i = 0; i < distinct; i++) tag[i] = last += this.#tags.at(i)
      for (let i = distinct; i < count; i++) tag[i] = tag[i - distinct]
    }
  }

  #head(writer: ByteWriter, layout: number): void {
    writer.byte(layout | (this.#tags.wide ? wideFlag : 0))
  }

  #differences(tag: Uint32Array, count: number): void {
    this.#tags.start(count)
    let last = 0
    for (let i = 0; i < count; i++) {
      this.#tags.push(tag[i] - last)
      last = tag[i]
    }
  }

  #collectRuns(tag: Uint32Array, count: number): number {
    this.#tags.start(count)
    this.#runs.start(count)
    let last = 0
    for (let from = 0; from < count;) {
      let to = from + 1
      while (to < count && tag[to] === tag[from]) to++
      this.#tags.push(tag[from] - last)
      this.#runs.push(to - from)
      last = tag[from]
      from = to
    }
    return this.#tags.count
  }

  #readRuns(reader: ByteReader, tag: Uint32Array, count: number): void {
    const runs = this.#tags.count
    this.#runs.read(reader, runs, false)
    let last = 0
    let row = 0
    for (let i = 0; i < runs; i++) {
      last += this.#tags.at(i)
      const end = Math.min(count, row + this.#runs.at(i))
      while (row < end) tag[row++] = last
    }
  }
}

/** The length of the sequence that the tags repeat from the first row to the last; `count` where they do not. */
function periodOf(tag: Uint32Array, count: number): number {
  let period = 1
  while (period < count && tag[period] !== tag[0]) period++
  for (let i = period; i < count; i++) if (tag[i] !== tag[i - period]) return count
  return period
}
