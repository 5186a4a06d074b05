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

/**
 * Words that say that a measurement failed, where a number or a state is expected: those of historians and spreadsheets.
 * As values of a text signal they may be states like any other.
 */
export const badWords = [
  'bad', 'I/O Timeout', 'Pt Created', 'Comm Fail', 'Calc Failed', 'Not Connect', 'No Sample', 'Configure', 'Scan Off',
  'Scan Timeout', 'Over Range', 'Under Range', 'Out of Serv', 'Out of Service', 'Intf Shut', 'Invalid', 'Invalid Data',
  'Invalid Float', 'Bad Output', 'Bad Quality', 'Bad Data', 'Bad Total', 'Not Available', 'Not Connected', 'Set to Bad',
  'Arc Off-line', 'Arc Offline', 'Shutdown', 'Failed', 'Fault', 'Error', 'Err', 'missing', 'offline', 'nan(ind)', '.', '?', '\\N',
  '#VALUE!', '#REF!', '#DIV/0!', '#NAME?', '#NUM!', '#NULL!', '#N/V', '1.#QNAN', '-1.#QNAN', '1.#IND', '-1.#IND',
  '1.#INF', '-1.#INF', '********', '####', '#####',
] as const // prettier-ignore

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
