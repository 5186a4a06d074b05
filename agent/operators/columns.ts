/** Element types a column of state may have. */
const arrayOf = { float64: Float64Array, int32: Int32Array, uint8: Uint8Array } as const
type Element = keyof typeof arrayOf

/** One column of an operator's state: `width` elements per tag, `initial` for a tag never seen. */
export interface Column<E extends Element = Element> {
  readonly element: E
  readonly initial: number
  readonly width: number
}

export function column<E extends Element>(element: E, initial = 0, width = 1): Column<E> {
  return { element, initial, width }
}

type Layout = Readonly<Record<string, Column>>
type Arrays<L extends Layout> = { readonly [Name in keyof L]: InstanceType<(typeof arrayOf)[L[Name]['element']]> }

/** State as the keeper stores it: the columns of the first `tags` tags. */
export interface SavedColumns {
  readonly tags: number
  readonly columns: Readonly<Record<string, Float64Array | Int32Array | Uint8Array>>
}

/** The state of one subscription: typed arrays by tag index, which grow with the tag table. */
export class Columns<L extends Layout> {
  readonly #layout: L
  #arrays: Arrays<L>
  #tags = 0
  #capacity = 0

  constructor(layout: L) {
    this.#layout = layout
    this.#arrays = this.#allocate(0)
  }

  /** The arrays, wide enough for `tags` tags; ask again with each batch, for they move when they grow. */
  upTo(tags: number): Arrays<L> {
    this.#tags = Math.max(this.#tags, tags)
    if (tags > this.#capacity) {
      this.#capacity = Math.max(64, tags, this.#capacity * 2)
      const wider = this.#allocate(this.#capacity)
      for (const name in this.#layout) wider[name].set(this.#arrays[name])
      this.#arrays = wider
    }
    return this.#arrays
  }

  /** A copy: the state may go on changing. */
  save(): SavedColumns {
    const columns: Record<string, Float64Array | Int32Array | Uint8Array> = {}
    for (const name in this.#layout) columns[name] = this.#arrays[name].slice(0, this.#tags * this.#layout[name].width)
    return { tags: this.#tags, columns }
  }

  load(saved: SavedColumns): void {
    const arrays = this.upTo(saved.tags)
    for (const name in this.#layout) arrays[name].set(saved.columns[name])
  }

  #allocate(tags: number): Arrays<L> {
    const arrays: Partial<Record<keyof L, Float64Array | Int32Array | Uint8Array>> = {}
    for (const name in this.#layout) {
      const { element, initial, width } = this.#layout[name]
      arrays[name] = new arrayOf[element](tags * width).fill(initial)
    }
    return arrays as Arrays<L>
  }
}
