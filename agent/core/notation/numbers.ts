/** The decimal mark of numbers as people write them. */
export type DecimalMark = '.' | ','

/** A number of more digits is none that anything measures, and reading it takes a time that grows with its square. */
export const mostDigits = 400

const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,5})?$/
/** Blanks that stand between thousands: space, no-break, figure, thin and narrow no-break space, and the Swiss apostrophes. */
const space = "[ \\u00a0\\u2007\\u2009\\u202f'\\u2019]"
const grouped: Readonly<Record<DecimalMark, RegExp>> = { '.': groupedBy('\\.', ','), ',': groupedBy(',', '\\.') }
const looksWritten =
  /^[+-]?\d{1,3}(?:[ \u00a0\u2007\u2009\u202f'\u2019.,]\d{3})*(?:[.,]\d+)?$|^[+-]?\d*,\d+(?:[eE][+-]?\d{1,5})?$/

/** Groups of three with one separator throughout, or no groups; then the fraction. */
function groupedBy(mark: string, thousands: string): RegExp {
  const groups = `\\d{1,3}(?:(?:${thousands}\\d{3})+|(?:${space}\\d{3})+)?`
  return new RegExp(`^[+-]?(?:(?:${groups}|\\d+)(?:${mark}\\d*)?|${mark}\\d+)(?:[eE][+-]?\\d{1,5})?$`)
}

/** A decimal number with a point and no separators, blanks around it removed already; undefined where the text is none. */
export function plainNumber(text: string): number | undefined {
  return text.length <= mostDigits && plain.test(text) ? Number(text) : undefined
}

/**
 * The number in `text`, blanks around it removed already; undefined where it is none. Without `mark` only what cannot mean
 * two things is one: a point and no separators. With it thousands may be set apart, by blanks, apostrophes or the other mark.
 */
export function readNumber(text: string, mark?: DecimalMark): number | undefined {
  if (mark === undefined) return plainNumber(text)
  if (text.length > mostDigits || !grouped[mark].test(text)) return undefined
  const digits = text.replace(mark === ',' ? /[^\d,eE+-]/g : /[^\d.eE+-]/g, '')
  return Number(mark === ',' ? digits.replace(',', '.') : digits)
}

/** Whether `text` is a number to people, of which `readNumber` cannot say without a mark what it is: `1,5`, `1 234`. */
export function needsMark(text: string): boolean {
  return (
    text.length <= mostDigits && !plain.test(text) && looksWritten.test(text) && !/^\d{1,3}(?:\.\d{3}){2,}$/.test(text)
  )
}
