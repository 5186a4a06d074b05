/** What to draw: the truth of each point along, the prediction up, with its bounds. */
export interface Scatter {
  readonly title: string
  readonly unit: string
  readonly truth: readonly number[]
  readonly predicted: readonly number[]
  readonly lower: readonly number[]
  readonly upper: readonly number[]
}

const size = 480
const margin = 56
/** More points than this are thinned out: the drawing says no more with them. */
const mostPoints = 1500

/** Predictions against the truth as an SVG, with bars for the intervals and a line where both are equal. */
export function errorPlot({ title, unit, truth, predicted, lower, upper }: Scatter): string {
  const step = Math.max(1, Math.ceil(truth.length / mostPoints))
  const points = truth.flatMap((_, i) => (i % step === 0 ? [i] : []))
  const all = points.flatMap((i) => [truth[i], predicted[i]])
  const ticks = ticksOf(Math.min(...all), Math.max(...all))
  const [least, most] = [ticks[0], ticks[ticks.length - 1]]
  const at = (value: number) => (size - 2 * margin) * ((value - least) / (most - least || 1))
  const x = (value: number) => (margin + at(value)).toFixed(1)
  const y = (value: number) => (size - margin - at(Math.max(least, Math.min(most, value)))).toFixed(1)
  const bars = points.map((i) => `M${x(truth[i])} ${y(lower[i])}V${y(upper[i])}`).join('')
  const dots = points.map((i) => `<circle cx="${x(truth[i])}" cy="${y(predicted[i])}" r="2"/>`).join('')
  const label = (tick: number, px: string | number, py: string | number, anchor: string) =>
    `<text x="${px}" y="${py}" text-anchor="${anchor}">${Number(tick.toPrecision(6))}</text>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" font-family="sans-serif" font-size="11" fill="#333">`,
    `<title>${escape(title)}</title><rect width="${size}" height="${size}" fill="#fff"/>`,
    `<text x="${size / 2}" y="24" text-anchor="middle" font-size="13">${escape(title)}</text>`,
    `<path d="M${x(least)} ${y(least)}H${x(most)}M${x(least)} ${y(least)}V${y(most)}" stroke="#333" fill="none"/>`,
    ...ticks.map(
      (tick) => label(tick, x(tick), size - margin + 16, 'middle') + label(tick, margin - 6, y(tick), 'end'),
    ),
    `<path d="${bars}" stroke="#9bb8d3" stroke-opacity=".35" fill="none"/>`,
    `<path d="M${x(least)} ${y(least)}L${x(most)} ${y(most)}" stroke="#c33" fill="none"/>`,
    `<g fill="#1f5f99" fill-opacity=".6">${dots}</g>`,
    `<text x="${size / 2}" y="${size - 14}" text-anchor="middle">true, ${escape(unit)}</text>`,
    `<text x="16" y="${size / 2}" text-anchor="middle" transform="rotate(-90 16 ${size / 2})">predicted, ${escape(unit)}</text>`,
    '</svg>',
  ].join('\n')
}

/** Round numbers that span the range. */
function ticksOf(least: number, most: number): number[] {
  const raw = (most - least || Math.abs(most) || 1) / 5
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = power * ([1, 2, 5].find((factor) => factor * power >= raw) ?? 10)
  const first = Math.floor(least / step)
  const last = Math.max(first + 1, Math.ceil(most / step))
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
