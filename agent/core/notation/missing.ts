/**
 * Words that stand for no value where the configuration names no others: those of spreadsheets, programming languages,
 * historians and home automation. An empty text always stands for none.
 */
export const missingWords = [
  'NaN',
  'NA',
  'N/A',
  '#N/A',
  'null',
  'nil',
  'None',
  'undefined',
  'unavailable',
  'unknown',
  'no data',
  'bad input',
  '-',
  '--',
  '---',
] as const

/** A test for words that stand for no value, in any case and with blanks around them; the empty text is always one. */
export function missingTest(words: readonly string[] = missingWords): (text: string) => boolean {
  const known = new Set(words.map((word) => word.trim().toLowerCase()))
  const longest = Math.max(0, ...[...known].map((word) => word.length))
  return (text) => {
    // Texts that are no numbers are rare and mostly long: the cheap test comes first.
    if (text.length > longest + 16) return text.trim() === ''
    const word = text.trim().toLowerCase()
    return word === '' || known.has(word)
  }
}
