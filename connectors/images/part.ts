import { Pattern, piecesOf } from '../../agent/core/index.ts'

/**
 * A pattern for file names and topics: `{part}` is the part's id, `*` anything, both within one level; the rest is
 * literal. `weld_{part}_*.jpg`, `camera/{part}`.
 */
export function partPattern(pattern: string): (text: string) => string | undefined {
  const pieces = piecesOf(pattern, /\{part\}|\*/g, (found) => (found === '*' ? { any: 'level' } : { name: 'part' }))
  const matcher = new Pattern(pieces, false)
  return (text) => {
    const part = matcher.match(text)?.get('part')
    return part && text.slice(part.from, part.to)
  }
}
