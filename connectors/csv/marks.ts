import { readNumber, type DecimalMark } from '../../agent/core/index.ts'

/** What the numbers of one column say of their decimal mark. */
export interface MarkEvidence {
  /** Cells in which the mark can only be the decimal one. */
  readonly '.': number
  readonly ',': number
  /** Cells with one mark before three digits, which may set thousands apart: `1.234`, `1,234`. */
  readonly points: number
  readonly commas: number
  /** Whole numbers below and from 1,000, without any mark. */
  readonly small: number
  readonly large: number
  /** A cell that leaves it open. */
  readonly example: string
}

const either = /^[+-]?[1-9]\d{0,2}([.,])\d{3}$/

/** Looks at the numbers of a column; `cells` are without blanks around them and may be anything. */
export function markEvidence(cells: readonly string[]): MarkEvidence {
  const found = { '.': 0, ',': 0, points: 0, commas: 0, small: 0, large: 0, example: '' }
  for (const cell of cells) {
    // A unit behind the number says nothing of its mark.
    const text = /^[+-]?[\d.,'\u2019\u00a0\u2007\u2009\u202f ]*\d/.exec(cell)?.[0] ?? ''
    if (/^[+-]?\d+$/.test(text)) found[Number(text.replace(/^[+-]/, '')) < 1000 ? 'small' : 'large']++
    else if (either.test(text)) {
      found[text.includes('.') ? 'points' : 'commas']++
      found.example ||= text
    } else {
      const mark = text === '' ? undefined : decisive(text)
      if (mark) found[mark]++
    }
  }
  return found
}

/** The mark by which alone the text is a number. */
function decisive(text: string): DecimalMark | undefined {
  const point = readNumber(text, '.') !== undefined
  const comma = readNumber(text, ',') !== undefined
  return point === comma ? undefined : point ? '.' : ','
}

/** The mark of each column, or a column that can be read in two ways. */
export interface Marks {
  readonly marks: readonly (DecimalMark | undefined)[]
  /** Place of a column that cannot be told, with a cell of it. */
  readonly open?: { readonly place: number; readonly example: string }
}

/**
 * The decimal mark of each column: by its own numbers, else by those of the others. A column whose every number has one
 * mark before three digits is a decimal point where nothing speaks against it, and open where it is a comma, where whole
 * numbers below 1,000 stand beside it without a mark, or where the file is written as where points set thousands apart.
 */
export function decimalMarks(evidence: readonly MarkEvidence[], commaCountry: boolean): Marks {
  const total = { '.': 0, ',': 0 }
  for (const column of evidence) for (const mark of ['.', ','] as const) total[mark] += column[mark]
  const common = total['.'] > 0 !== total[','] > 0 ? (total['.'] > 0 ? '.' : ',') : undefined
  let open: Marks['open']
  const marks = evidence.map((column, place): DecimalMark | undefined => {
    const { points, commas, small, large, example } = column
    if (column['.'] > 0 || column[','] > 0) return column['.'] >= column[','] ? '.' : ','
    if (common !== undefined || points + commas === 0) return common
    const thousands = small > 0 && large === 0
    if (commas > 0 || thousands || commaCountry) open ??= { place, example }
    return '.'
  })
  return { marks, ...(open && { open }) }
}
