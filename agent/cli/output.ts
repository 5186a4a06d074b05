import { Option } from 'commander'
import { printable } from '../core/index.ts'

export { lasting } from '../core/index.ts'

export const jsonOption = () => new Option('--json', 'print JSON, for programs')

/** Prints a result: as JSON for programs, as text for people. */
export function print(json: boolean | undefined, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(value, null, 2) : text())
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Colour = keyof typeof codes

/** Text in a colour; plain where stdout is no terminal, or NO_COLOR is set. */
export function paint(colour: Colour, text: string): string {
  const wanted = process.stdout.isTTY && !process.env.NO_COLOR
  return wanted ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text
}

const colour = /(\x1b\[[\d;]*m)/

/** A cell as it is shown: what comes from outside makes no row of its own, and moves no cursor. */
function shown(cell: string): string {
  return cell.split(colour).map((part, at) => (at % 2 === 1 ? part : printable(part))).join('') // prettier-ignore
}

/** Rows as columns side by side; the last column is not padded. */
export function table(cells: readonly (readonly string[])[], indent = '  '): string {
  const rows = cells.map((row) => row.map(shown))
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, width(cell))))
  return rows
    .map((row) => {
      const cells = row.map(
        (cell, column) => cell + ' '.repeat(column < row.length - 1 ? widths[column] - width(cell) : 0),
      )
      return `${indent}${cells.join('  ')}`.trimEnd()
    })
    .join('\n')
}

/** Characters that a terminal shows of a text. */
export function width(text: string): number {
  return Array.from(plain(text)).length
}

/** The text without colours. */
export function plain(text: string): string {
  return text.replace(/\x1b\[[\d;]*[A-Za-z]/g, '')
}

/** A text from outside, fit for a terminal: control characters would move the cursor or worse, line breaks make rows of their own. */
export { printable as harmless } from '../core/index.ts'

/** `1 connector`, `2 connectors`. */
export function plural(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`
}

/** `4.2 GB`. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  for (; count >= 1000 && unit < units.length - 1; unit++) count /= 1000
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`
}

/** A value as people read it: whole integers, other numbers to six digits. */
export function valueText(value: number | string | boolean | null): string {
  if (Number.isInteger(value)) return String(value)
  if (typeof value === 'number') return String(Number(value.toPrecision(6)))
  return value === null ? '-' : printable(String(value))
}
