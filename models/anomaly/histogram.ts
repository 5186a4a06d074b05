const width = 640
const height = 240
const edge = 40
const bars = 60

/** An SVG of how many held-out windows have which score, on a logarithmic axis, with the threshold. */
export function scoreHistogram(parts: readonly Float64Array[], threshold: number): string {
  const scores = parts.flatMap((part) => Array.from(part)).filter((score) => score > 0)
  const logs = [...scores, threshold].map(Math.log10)
  const low = logs.reduce((least, log) => Math.min(least, log), Infinity)
  const high = logs.reduce((most, log) => Math.max(most, log), -Infinity)
  const place = (log: number) => (high > low ? (log - low) / (high - low) : 0.5)
  const counts = new Array<number>(bars).fill(0)
  for (const score of scores) counts[Math.min(bars - 1, Math.floor(place(Math.log10(score)) * bars))]++
  const most = Math.max(1, ...counts)
  const x = (share: number) => (edge + share * (width - 2 * edge)).toFixed(1)
  const columns = counts.map((count, i) => {
    const tall = (count / most) * (height - 2 * edge)
    return `<rect x="${x(i / bars)}" y="${(height - edge - tall).toFixed(1)}" width="${((width - 2 * edge) / bars - 1).toFixed(1)}" height="${tall.toFixed(1)}" fill="#4878a8"/>`
  })
  const line = x(place(Math.log10(threshold)))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>Scores of held-out windows, logarithmic, and the threshold</title>`,
    ...columns,
    `<line x1="${line}" x2="${line}" y1="${edge / 2}" y2="${height - edge}" stroke="#b03030" stroke-width="2"/>`,
    `<text x="${line}" y="14" text-anchor="middle" fill="#b03030">threshold ${threshold.toPrecision(3)}</text>`,
    `<text x="${edge}" y="${height - 14}">${(10 ** low).toPrecision(2)}</text>`,
    `<text x="${width - edge}" y="${height - 14}" text-anchor="end">${(10 ** high).toPrecision(2)}</text>`,
    `<text x="${width / 2}" y="${height - 14}" text-anchor="middle">score of a held-out window</text>`,
    '</svg>',
    '',
  ].join('\n')
}
