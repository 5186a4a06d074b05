import type uPlot from 'uplot'
import { figure } from '../format.ts'
import type { ChartModel } from './chart-model.ts'

/** How uPlot calls a scale of orders of magnitude; its own enum is not there at run time. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- a const enum cannot be read one file at a time
const logarithmic = 3 as uPlot.Scale.Distr.Logarithmic

/** Colours of the page's design, as they are now. */
export function colours(element: Element): (name: string) => string {
  const style = getComputedStyle(element)
  return (name) => style.getPropertyValue(`--${name}`).trim()
}

const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const minute = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** Marks on the axis of time: as fine as they are apart, with the day where a new one begins. */
function timeLabels(_: uPlot, splits: number[], __: number, ___: number, apart: number): string[] {
  const format = apart < 60 ? time : apart < 86_400 ? minute : day
  return splits.map((split) => {
    const at = new Date(split * 1_000)
    const midnight = at.getHours() === 0 && at.getMinutes() === 0 && apart < 86_400
    return (midnight ? day : format).format(at)
  })
}

/** How a trend is drawn: the band between smallest and largest value, the threshold dashed, what there is to mark. */
export function chartOptions(
  model: ChartModel,
  size: { width: number; height: number },
  colour: (name: string) => string,
  hooks: uPlot.Hooks.Arrays,
  stepped: uPlot.Series.PathBuilder | undefined,
): uPlot.Options {
  const line = { stroke: colour(model.tone), width: 1.5, points: { show: false }, ...(stepped && { paths: stepped }) }
  const axis = {
    stroke: colour('muted'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  }
  return {
    ...size,
    hooks,
    legend: { show: false },
    padding: [8, 18, 0, 0],
    cursor: {
      sync: { key: 'millwright', setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
    },
    scales: {
      x: { time: true },
      y: model.logarithmic
        ? { distr: logarithmic, range: (_, low, high) => [low / 2, high * 2] }
        : { range: (_, low, high) => rangeOf(low, high, model.floor) },
    },
    series: [{}, line, line, { stroke: colour('bad'), width: 1.5, dash: [6, 4], points: { show: false } }],
    bands: [{ series: [2, 1], fill: `color-mix(in srgb, ${colour(model.tone)} 22%, transparent)` }],
    axes: [
      { ...axis, size: 28, values: timeLabels, space: 72 },
      {
        ...axis,
        size: 52,
        grid: { ...axis.grid, ...(model.logarithmic && { filter: powersOfTen }) },
        values: (_, splits) => (splits as (number | null)[]).map((split) => (split === null ? '' : figure(split))),
        space: 32,
      },
    ],
  }
}

function powersOfTen(_: uPlot, splits: number[]): (number | null)[] {
  return splits.map((split) => (Math.abs(Math.log10(split) % 1) < 1e-9 ? split : null))
}

/** A little room above and below; a line that stands still is in the middle. */
function rangeOf(low: number | null, high: number | null, floor: number | undefined): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
  const room = Math.max((high - low) * 0.1, Math.abs(high) * 0.02, 1e-6)
  return [floor === undefined ? low - room : Math.min(floor, low), high + room]
}
