/** A line of the table of all data sets. */
export interface Figure {
  readonly data: string
  readonly metric: string
  readonly ours: string
  /** Public libraries with the same recipe, as in the design's list of models. */
  readonly reference: string
  readonly published?: string
  /** Of training. */
  readonly seconds?: number
  /** Largest resident memory of the process while it trained, bytes. */
  readonly memory?: number
}

const heads = ['data set', 'metric', 'ours', 'reference', 'published best', 'training s', 'peak MB'] as const

/** Figures as a table in Markdown, columns aligned. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ data, metric, ours, reference, published = '', seconds, memory }) => [
    data,
    metric,
    ours,
    reference,
    published,
    seconds === undefined ? '' : seconds.toFixed(1),
    memory === undefined ? '' : (memory / 1e6).toFixed(0),
  ])
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column].length)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  return [line(heads), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}

/** The quantile of some values. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
