import { html, nothing, type TemplateResult } from 'lit'
import type { StationView } from '../../view/inspection-shapes.ts'
import { clock, count, figure, percent } from '../format.ts'
import { strings } from '../strings.ts'

const words = strings.inspection

type Counts = StationView['last']

/** Share of the parts with a verdict that failed; null where none has one. */
export function failRate({ pass, fail }: Pick<Counts, 'pass' | 'fail'>): number | null {
  return pass + fail === 0 ? null : fail / (pass + fail)
}

export function rateText(rate: number | null): string {
  if (rate === null) return strings.none
  return rate > 0 && rate < 0.1 ? `${figure(Math.round(rate * 1_000) / 10)} %` : percent(rate)
}

const sum = (counts: Counts) => Object.values(counts).reduce((total, value) => total + value, 0)

/** How a station does: fail rate, counts, model. */
export function stationFigures({ last, hour, counts, model }: StationView, now: number): TemplateResult {
  const rate = (name: string, of: Counts, parts: string) =>
    html`<div>
      <dt>${name}</dt>
      <dd>${rateText(failRate(of))} <small>${parts}</small></dd>
    </div>`
  const line = (name: string, value: string) =>
    html`<div>
      <dt>${name}</dt>
      <dd>${value}</dd>
    </div>`
  const wrong = (['dropped', 'unusable', 'repeated'] as const).filter((name) => counts[name] > 0)
  const open = last.operator + last.incomplete
  return html`<section class="card" aria-labelledby="station-figures">
    <h2 id="station-figures">${words.figures}</h2>
    <dl class="rates">
      ${rate(words.failRate, last, words.ofLast(count(sum(last))))}
      ${rate(words.failRateHour, hour, words.ofParts(count(sum(hour))))}
    </dl>
    <dl class="values">
      ${line(words.judged, count(counts.judged))}
      ${open > 0 ? line(words.undecided, words.ofThe(count(open), count(sum(last)))) : nothing}
      ${wrong.map((name) => line(words.counts[name], count(counts[name])))}
      ${model ? line(words.model, words.methods[model.method] ?? model.method) : nothing}
    </dl>
    ${model ? html`<p class="hint">${words.modelOf(count(model.images), clock(model.created, now))} <span class="code">${model.version}</span></p>` : nothing}
  </section>`
}

/** Verdicts against what people said of the same parts. */
export function confusion({ confusion, classes, passes }: StationView): TemplateResult {
  const verdicts = (['pass', 'fail', 'operator', 'incomplete'] as const).filter(
    (verdict) => verdict === 'pass' || verdict === 'fail' || confusion.some((cell) => cell.verdict === verdict),
  )
  const said = [...new Set([...classes, ...confusion.map((cell) => cell.class)])]
  const parts = (verdict: string, name: string) =>
    confusion.find((cell) => cell.verdict === verdict && cell.class === name)?.parts ?? 0
  const disagree = (verdict: string, name: string) =>
    (verdict === 'pass' && !passes.includes(name)) || (verdict === 'fail' && passes.includes(name))
  return html`<section class="card" aria-labelledby="confusion-title">
    <h2 id="confusion-title">${words.confusion}</h2>
    <p class="hint">${confusion.length === 0 ? words.noConfusion : words.confusionHint}</p>
    <div class="scroll" tabindex="0" role="group" aria-labelledby="confusion-title">
      <table class="confusion">
        <thead>
          <tr>
            <th scope="col">${words.verdict}</th>
            ${said.map((name) => html`<th scope="col" class="number">${words.truly(name)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${verdicts.map(
            (verdict) =>
              html`<tr>
                <th scope="row">${words.verdicts[verdict]}</th>
                ${said.map((name) => {
                  const number = parts(verdict, name)
                  const level = number === 0 ? 'none' : disagree(verdict, name) ? 'lost' : ''
                  return html`<td class="number ${level}">${number}</td>`
                })}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}
