/** A stretch of time, ms since epoch. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Spans in order, those that overlap or are no further apart than `apart` (ms) made one. */
export function mergeSpans(spans: readonly Span[], apart = 0): Span[] {
  const merged: { from: number; to: number }[] = []
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last && from <= last.to + apart) last.to = Math.max(last.to, to)
    else merged.push({ from, to })
  }
  return merged
}
