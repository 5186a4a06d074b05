/**
 * A pattern for file names and topics: `{part}` is the part's id, `*` anything, both within one level; the rest is
 * literal. `weld_{part}_*.jpg`, `camera/{part}`.
 */
export function partPattern(pattern: string): (text: string) => string | undefined {
  const source = pattern
    .split(/(\{part\}|\*)/)
    .map((piece) => (piece === '{part}' ? '(?<part>[^/]+?)' : piece === '*' ? '[^/]*?' : escaped(piece)))
    .join('')
  const expression = new RegExp(`^${source}$`, 'u')
  return (text) => expression.exec(text)?.groups?.part
}

function escaped(text: string): string {
  return text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')
}
