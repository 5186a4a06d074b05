import type { Kind } from './script.ts'

/** From when to when something was amiss, ms since epoch. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** A fault that was inflicted, and how long after its end all was well again, ms; undefined: never. */
export interface Outcome extends Span {
  readonly kind: Kind
  readonly up: number | undefined
}

/** Faults by kind: how many, how many survived, and how long it took to be up again. */
export function faultTable(outcomes: readonly Outcome[]): string {
  const lines = [...new Set(outcomes.map(({ kind }) => kind))].sort().map((kind) => {
    const all = outcomes.filter((outcome) => outcome.kind === kind)
    const times = all.flatMap(({ up }) => (up === undefined ? [] : [up])).sort((a, b) => a - b)
    return row(kind, all.length, times.length, seconds(median(times)), seconds(times.at(-1)))
  })
  return [row('fault', 'times', 'survived', 'up again, median s', 'longest s'), ...lines].join('\n')
}

function row(name: string, ...cells: readonly (string | number)[]): string {
  const widths = [7, 10, 20, 11]
  return name.padEnd(30) + cells.map((cell, at) => String(cell).padStart(widths[at])).join('')
}

function median(ascending: readonly number[]): number | undefined {
  return ascending[ascending.length >> 1]
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '-' : (ms / 1_000).toFixed(1)
}
