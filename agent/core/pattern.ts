/**
 * A piece of a pattern: text as it stands; `*`, anything within a level; `**`, any levels, both named where what they stand
 * for is wanted; or a named place, at least one character within a level.
 */
export type Piece =
  { readonly text: string } | { readonly any: 'level' | 'levels'; readonly as?: string } | { readonly name: string }

/** Where a named place is in a text that fits. */
export interface Found {
  readonly from: number
  readonly to: number
}

/** Longest text that is looked at, characters: names of tags and topics are far shorter. */
const longestText = 4_096

/**
 * Fits whole texts against pieces, in a time that grows with the length of both and no faster, whatever the text: whoever
 * sends it must not be able to make it take long. `greedy`: places take as much as they can, from the left; else as little.
 */
export class Pattern {
  readonly #pieces: readonly Piece[]
  readonly #greedy: boolean

  constructor(pieces: readonly Piece[], greedy: boolean) {
    this.#pieces = pieces
    this.#greedy = greedy
  }

  /** The named places; undefined where the text does not fit, or is longer than 4,096 characters. */
  match(text: string): ReadonlyMap<string, Found> | undefined {
    if (text.length > longestText) return undefined
    const fits = this.#table(text)
    if (fits[0][0] === 0) return undefined
    const found = new Map<string, Found>()
    let at = 0
    this.#pieces.forEach((piece, index) => {
      const to = 'text' in piece ? at + piece.text.length : this.#end(piece, text, at, fits[index + 1])
      const name = 'name' in piece ? piece.name : 'any' in piece ? piece.as : undefined
      if (name !== undefined) found.set(name, { from: at, to })
      at = to
    })
    return found
  }

  test(text: string): boolean {
    return this.match(text) !== undefined
  }

  /** By piece and place in the text: whether the rest of the pieces fits the rest of the text. */
  #table(text: string): Uint8Array[] {
    const { length } = text
    const fits = Array.from({ length: this.#pieces.length + 1 }, () => new Uint8Array(length + 1))
    fits[this.#pieces.length][length] = 1
    for (let index = this.#pieces.length - 1; index >= 0; index--) {
      const piece = this.#pieces[index]
      const [own, next] = [fits[index], fits[index + 1]]
      // Whether the piece may end at a later place, given that it goes on here.
      let later = 0
      for (let at = length; at >= 0; at--) {
        if ('text' in piece) own[at] = text.startsWith(piece.text, at) ? (next[at + piece.text.length] ?? 0) : 0
        else {
          const crosses = at < length && spans(piece, text, at)
          own[at] = (crosses && later) || ('name' in piece ? 0 : next[at]) ? 1 : 0
          later = next[at] || (crosses && later) ? 1 : 0
        }
      }
    }
    return fits
  }

  /** Where a place that begins at `at` ends; it is known to fit. */
  #end(piece: Piece, text: string, at: number, next: Uint8Array): number {
    const first = 'name' in piece ? at + 1 : at
    let end = -1
    for (let to = first; ; to++) {
      if (next[to] === 1) {
        end = to
        if (!this.#greedy) break
      }
      if (to >= text.length || !spans(piece, text, to)) break
    }
    return end
  }
}

/** Whether a place may have this character of the text in it. */
function spans(piece: Piece, text: string, at: number): boolean {
  return ('any' in piece && piece.any === 'levels') || text[at] !== '/'
}

/** The pieces of a text in which `place` finds what is not to be taken as it stands. */
export function piecesOf(pattern: string, place: RegExp, pieceOf: (found: string) => Piece): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const found of pattern.matchAll(place)) {
    if (found.index > from) pieces.push({ text: pattern.slice(from, found.index) })
    pieces.push(pieceOf(found[0]))
    from = found.index + found[0].length
  }
  if (from < pattern.length) pieces.push({ text: pattern.slice(from) })
  return pieces
}
