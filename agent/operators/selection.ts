import { z } from 'zod'
import { type TagTable, type TagType, tagFilter } from '../core/index.ts'

/** The `tags` setting that every operator has. */
export const tagPatterns = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .default('**')
  .describe('Tags to work on, by name: `*` within a level, `**` for any levels; one pattern or several.')

/** What an operator may do with a tag. Ordered: `number` and above are numbers, `text` and above are values at all. */
export const Kind = { other: 1, text: 2, boolean: 3, number: 4 } as const
export type Kind = (typeof Kind)[keyof typeof Kind]

const kindOf: Readonly<Record<TagType, Kind>> = {
  number: Kind.number,
  integer: Kind.number,
  boolean: Kind.boolean,
  text: Kind.text,
}

/** The tags that match the patterns, with their kind; `other` for the rest. Each tag is looked at once. */
export class Selection {
  readonly #tags: TagTable
  readonly #selected: (tag: number) => boolean
  #kinds = new Uint8Array(0)
  #known = 0

  constructor(tags: TagTable, patterns: string | readonly string[]) {
    this.#tags = tags
    this.#selected = tagFilter(tags, patterns)
  }

  /** `Kind` by tag index, for every tag there is; ask again with each batch. */
  kinds(): Uint8Array {
    const size = this.#tags.size
    if (this.#known < size) this.#learn(size)
    return this.#kinds
  }

  #learn(size: number): void {
    if (size > this.#kinds.length) {
      const wider = new Uint8Array(Math.max(64, size, this.#kinds.length * 2))
      wider.set(this.#kinds)
      this.#kinds = wider
    }
    for (let tag = this.#known; tag < size; tag++)
      this.#kinds[tag] = this.#selected(tag) ? kindOf[this.#tags.at(tag).type] : Kind.other
    this.#known = size
  }
}
