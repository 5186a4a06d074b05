import type uPlot from 'uplot'
import { strings } from '../strings.ts'
import type { ChartModel } from './chart-model.ts'

/** Uncertain and bad samples as a strip at the bottom of the chart, and what is missing for good as a grey field. */
export function drawQuality(plot: uPlot, model: ChartModel, colour: (name: string) => string): void {
  const { ctx, bbox } = plot
  const { devicePixelRatio: ratio } = window
  ctx.save()
  model.quality.forEach((quality, i) => {
    if (quality === null || quality === 0) return
    const left = plot.valToPos(model.times[i] - model.step / 2, 'x', true)
    const right = plot.valToPos(model.times[i] + model.step / 2, 'x', true)
    ctx.fillStyle = colour(quality === 1 ? 'warn-strong' : 'bad')
    ctx.fillRect(left, bbox.top + bbox.height - 5 * ratio, Math.max(ratio, right - left), 5 * ratio)
  })
  ctx.restore()
}

/** New models and alarms as lines with a word, gaps as fields. */
export function drawMarks(plot: uPlot, model: ChartModel, colour: (name: string) => string): void {
  const { ctx, bbox } = plot
  const { devicePixelRatio: ratio } = window
  ctx.save()
  ctx.font = `${11 * ratio}px system-ui, sans-serif`
  ctx.textBaseline = 'top'
  ctx.textAlign = 'left'
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  /** Where the last word ended: the next one goes below it where it would run into it. */
  let written = -Infinity
  let row = 0
  for (const { kind, time, to, text } of model.marks) {
    const left = plot.valToPos(time / 1_000, 'x', true)
    if (kind === 'gap') {
      ctx.fillStyle = `color-mix(in srgb, ${colour('muted')} 18%, transparent)`
      ctx.fillRect(left, bbox.top, plot.valToPos((to ?? time) / 1_000, 'x', true) - left, bbox.height)
      continue
    }
    const tone = kind === 'model' ? colour('accent') : colour(text === 'raised' ? 'bad' : 'muted')
    ctx.strokeStyle = tone
    ctx.fillStyle = tone
    ctx.lineWidth = ratio
    ctx.setLineDash(kind === 'model' ? [2 * ratio, 3 * ratio] : [])
    ctx.beginPath()
    ctx.moveTo(left, bbox.top)
    ctx.lineTo(left, bbox.top + bbox.height)
    ctx.stroke()
    const words = kind === 'model' ? text : (strings.alarm.changes[text] ?? text)
    const beside = ctx.measureText(words).width + 6 * ratio
    const fits = left + beside < bbox.left + bbox.width
    const begin = fits ? left + 4 * ratio : left - beside + 2 * ratio
    row = begin < written ? (row + 1) % 4 : 0
    written = begin + beside
    ctx.fillText(words, begin, bbox.top + (2 + 13 * row) * ratio)
  }
  ctx.restore()
}
