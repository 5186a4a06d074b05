import type { TagType } from '../../agent/core/index.ts'
import { readNumber } from './cells.ts'
import type { CsvLayout } from './layout.ts'
import type { Cells, RecordHandler } from './records.ts'

/** Tells the type of each value column by what most of the cells at the beginning of a file are; numbers win a tie. */
export class TypeSniffer implements RecordHandler {
  readonly #layout: CsvLayout
  readonly #decimal: number
  readonly #missing: ReadonlySet<string>
  readonly #counts: { number: number; boolean: number; text: number }[]

  constructor(layout: CsvLayout, decimal: string, missing: readonly string[]) {
    this.#layout = layout
    this.#decimal = decimal.charCodeAt(0)
    this.#missing = new Set(missing.map((word) => word.toLowerCase()))
    this.#counts = layout.values.map(() => ({ number: 0, boolean: 0, text: 0 }))
  }

  record(bytes: Buffer, cells: Cells): void {
    if (cells.count !== this.#layout.width) return
    this.#layout.values.forEach(({ place }, at) => {
      const word = bytes.toString('utf8', cells.from[place], cells.to[place]).toLowerCase()
      if (word === '' || this.#missing.has(word)) return
      const counts = this.#counts[at]
      if (!Number.isNaN(readNumber(bytes, cells.from[place], cells.to[place], this.#decimal))) counts.number++
      else if (word === 'true' || word === 'false') counts.boolean++
      else counts.text++
    })
  }

  broken(): void {
    // It is met again, and put aside, when the file is read.
  }

  get types(): TagType[] {
    return this.#counts.map(({ number, boolean, text }) =>
      number >= boolean && number >= text ? 'number' : boolean >= text ? 'boolean' : 'text',
    )
  }
}
