import { Pattern, piecesOf } from './pattern.ts'

/** What a tag's values are. `integer` is exact to 64 bits; `text` values are codes into the batch's `texts`. */
export const tagTypes = ['number', 'integer', 'boolean', 'text'] as const
export type TagType = (typeof tagTypes)[number]

/** What a source knows of a tag when it first meets it. */
export interface TagDefinition {
  /** Path in the plant, `line3/pump7/vibration`. */
  readonly name: string
  readonly type: TagType
  readonly unit?: string
  /** Plausible range, in `unit`. */
  readonly low?: number
  readonly high?: number
  /** The connector it comes from. */
  readonly source?: string
  /** `change`: silence means that the last value still holds (OPC UA); `periodic` (default): silence is a gap. */
  readonly reporting?: 'periodic' | 'change'
  /** It holds a feature of the windows of a signal: of which, under which key of `aggregates`, and which feature. */
  readonly aggregate?: { readonly of: string; readonly name: string; readonly feature: string }
  /** Only words for missing have come so far: the first value decides the type, and gets an index of its own. */
  readonly untyped?: true
}

/** One named signal of the plant; `index` is its place in the tag table and in `Batch.tag`. */
export interface Tag extends TagDefinition {
  readonly index: number
}

/**
 * Every tag the agent has met, by index and by name. Grows only; an index never changes its meaning: a name that gets
 * another type gets another index, and what was stored under the one before stays readable.
 */
export class TagTable {
  readonly #tags: Tag[] = []
  readonly #byName = new Map<string, Tag>()
  #retyped = 0

  constructor(tags: readonly Tag[] = []) {
    for (const tag of tags) this.restore(tag)
  }

  get size(): number {
    return this.#tags.length
  }

  at(index: number): Tag {
    return this.#tags[index]
  }

  find(name: string): Tag | undefined {
    return this.#byName.get(name)
  }

  /** How many names have got another type since the start: whoever remembers indices by name looks again. */
  get retyped(): number {
    return this.#retyped
  }

  /** The tag of that name, made on first sight. The first type wins: compare `tag.type` before adding values. */
  resolve(definition: TagDefinition): Tag {
    const known = this.#byName.get(definition.name)
    if (known && (!known.untyped || definition.untyped)) return known
    return this.restore({ ...definition, index: this.#tags.length })
  }

  /** Gives a name another type from now on; samples stored so far keep the one they have. Undefined where it is not known. */
  retype(name: string, type: TagType): Tag | undefined {
    const known = this.#byName.get(name)
    if (!known || (known.type === type && !known.untyped)) return known
    this.#retyped++
    const { untyped: _, ...definition } = known
    return this.restore({ ...definition, type, index: this.#tags.length })
  }

  /** Puts back a tag of a stored table, at its own index. */
  restore(tag: Tag): Tag {
    this.#tags[tag.index] = tag
    this.#byName.set(tag.name, tag)
    return tag
  }

  [Symbol.iterator](): IterableIterator<Tag> {
    return this.#tags[Symbol.iterator]()
  }
}

/**
 * A test for tag indices by name patterns: `*` stands for anything within a level, `**` for any levels.
 * Each index is matched once; after that the test is one array read.
 */
export function tagFilter(tags: TagTable, patterns: string | readonly string[] = '**'): (index: number) => boolean {
  const globs = (typeof patterns === 'string' ? [patterns] : patterns).map(globPattern)
  const known: boolean[] = []
  return (index) => (known[index] ??= globs.some((glob) => glob.test(tags.at(index).name)))
}

/** A pattern over names: `*` stands for anything within a level, `**` for any levels. */
export function globPattern(pattern: string): Pattern {
  return new Pattern(
    piecesOf(pattern, /\*\*|\*/g, (found) => ({ any: found === '*' ? 'level' : 'levels' })),
    false,
  )
}
