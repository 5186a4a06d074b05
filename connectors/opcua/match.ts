import { Pattern, piecesOf, type Piece } from '../../agent/core/index.ts'

const wildcard = /\*\*|\*/g
/** `**` before a level, which may stand for no level at all. */
const leading = /\*\*\//g
/** Each of them doubles the work. */
const mostLevels = 4

/** What is wrong with a pattern of names; undefined where nothing is. */
export function matchProblem(match: string): string | undefined {
  if ((match.match(leading) ?? []).length > mostLevels) return `at most ${mostLevels} times **/`
  return /\*{3}/.test(match) ? '*** is neither * nor **' : undefined
}

/** What is wrong with a template of names for a pattern; undefined where nothing is. */
export function templateProblem(template: string, match: string): string | undefined {
  const count = (match.match(wildcard) ?? []).length
  for (const [whole, name] of template.matchAll(/\{([^{}]*)\}/g))
    if (!/^[1-9]\d*$/.test(name) || Number(name) > count) return `${whole}: the pattern has ${count} times * or **`
  return undefined
}

/** A pattern of names whose wildcards are numbered from 1. `**` and the slash after it may stand for no level. */
export class Match {
  readonly #patterns: readonly Pattern[]
  /** Patterns of each level before the first `**`: what is below something else need not be looked at. */
  readonly #levels: readonly Pattern[]
  /** Levels of a text that fits, Infinity where there is `**`. */
  readonly #depth: number

  constructor(match: string) {
    let count = 0
    const pieces = piecesOf(match, wildcard, (found): Piece => {
      return { any: found === '*' ? 'level' : 'levels', as: String(++count) }
    })
    this.#patterns = withoutLevels(pieces).map((one) => new Pattern(one, true))
    const levels = match.split('/')
    const open = levels.findIndex((level) => level.includes('**'))
    this.#depth = open < 0 ? levels.length : Infinity
    this.#levels = (open < 0 ? levels : levels.slice(0, open)).map(
      (level) =>
        new Pattern(
          piecesOf(level, wildcard, () => ({ any: 'level' })),
          true,
        ),
    )
  }

  /** What the wildcards stood for, by number; undefined where the text does not fit. */
  fit(text: string): ReadonlyMap<string, string> | undefined {
    for (const pattern of this.#patterns) {
      const found = pattern.match(text)
      if (found) return new Map([...found].map(([name, { from, to }]) => [name, text.slice(from, to)]))
    }
    return undefined
  }

  /** Whether something below these levels may fit. */
  reaches(levels: readonly string[]): boolean {
    if (levels.length >= this.#depth) return false
    return this.#levels.slice(0, levels.length).every((pattern, level) => pattern.test(levels[level]))
  }
}

/** A pattern in which `*` stands for any text. */
export function anyText(match: string): Match {
  return new Match(match.replace(/\*+/g, '**'))
}

/** A template with what wildcards stood for; levels without a name are left out. */
export function nameOf(template: string, found: ReadonlyMap<string, string>): string {
  const name = template.replace(/\{(\w+)\}/g, (_, key: string) => found.get(key) ?? '')
  return name.replace(/\/{2,}/g, '/').replace(/^\/|\/$/g, '')
}

/** The pieces as they are, and with each `**` that is a level left out. */
function withoutLevels(pieces: readonly Piece[]): Piece[][] {
  let all: Piece[][] = [[]]
  for (let at = 0; at < pieces.length; at++) {
    const [piece, after] = [pieces[at], pieces.at(at + 1)]
    const begins = at === 0 || endsLevel(pieces[at - 1])
    const isOptional = begins && 'any' in piece && piece.any === 'levels' && after && 'text' in after && after.text.startsWith('/') // prettier-ignore
    if (!isOptional) all = all.map((one) => [...one, piece])
    else {
      const rest: Piece = { text: after.text.slice(1) }
      all = all.flatMap((one) => [
        [...one, piece, after],
        [...one, rest],
      ])
      at++
    }
  }
  return all
}

function endsLevel(piece: Piece): boolean {
  return 'text' in piece && piece.text.endsWith('/')
}
