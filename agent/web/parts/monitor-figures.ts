import { html, nothing, type TemplateResult } from 'lit'
import type { History, MonitorState } from '../../view/shapes.ts'
import { clock, figure, percent, span } from '../format.ts'
import { strings } from '../strings.ts'
import { intervalModel, scoreModel, type ChartModel } from './chart-model.ts'

/** What the monitors concluded: an interval where they tell a value, and the score where it says something. */
export function conclusionModels(history: History): ChartModel[] {
  return history.scores.flatMap(({ monitor, kind, max, threshold }, place) => {
    const what = kind === 'rul' ? strings.asset.remaining : strings.asset.estimate
    const interval = intervalModel(history, place, strings.asset.interval90(what, monitor))
    const scored = max.some((score, i) => score !== null && (score > 0 || (threshold[i] ?? 0) > 0))
    return [
      ...(interval ? [interval] : []),
      ...(scored ? [scoreModel(history, place, strings.asset.score(monitor))] : []),
    ]
  })
}

function item(name: string, figure: unknown): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    <dd>${figure}</dd>
  </div>`
}

/** What a monitor says of the machine now. */
export function monitorFigures(monitor: MonitorState): TemplateResult {
  return html`<section aria-label=${monitor.monitor}>
    <h2>${monitor.monitor}</h2>
    <dl class="asset-figures">${monitor.state === 'learning' ? learning(monitor) : concluded(monitor)}</dl>
  </section>`
}

function learning({ progress, detail }: MonitorState): TemplateResult {
  return item(strings.state.learning, html`${percent(progress ?? 0)} <small>${detail ?? strings.collected}</small>`)
}

function concluded(monitor: MonitorState): TemplateResult {
  if (monitor.stale)
    return item(strings.state.unknown, strings.noNews(monitor.time === null ? undefined : clock(monitor.time)))
  const { health, score, threshold, model, detail } = monitor
  const scored = score !== null && threshold !== null
  return html`${conclusion(monitor)} ${health === null ? nothing : item(strings.health, percent(health))}
  ${
    scored && threshold > 0
      ? item(
          strings.asset.scoreOf,
          html`${figure(score)}
            <small>${strings.asset.threshold} ${figure(threshold)}</small>
            ${detail === undefined ? nothing : html`<small>${detail}</small>`}`,
        )
      : scored
        ? nothing
        : item(strings.asset.scoreOf, detail ?? strings.none)
  }
  ${item(strings.asset.model, html`<span class="code">${model || strings.asset.noModel}</span>`)}`
}

/** What the kinds beyond a score conclude: remaining life, an estimate, a class of fault. */
function conclusion({ kind, value, lower, upper, label, probability }: MonitorState): TemplateResult | typeof nothing {
  if (kind === 'fault' && label !== undefined)
    return item(
      strings.state.fault,
      html`${label} <small>${typeof probability === 'number' ? percent(probability) : ''}</small>`,
    )
  if ((kind !== 'rul' && kind !== 'estimate') || typeof value !== 'number') return nothing
  const text = kind === 'rul' ? span : figure
  const interval =
    typeof lower === 'number' && typeof upper === 'number' ? strings.asset.interval(text(lower), text(upper)) : ''
  const name = kind === 'rul' ? strings.asset.remaining : strings.asset.estimate
  return item(name, html`${text(value)} <small>${interval}</small>`)
}
