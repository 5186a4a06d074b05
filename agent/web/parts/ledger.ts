import { html, nothing, type TemplateResult } from 'lit'
import type { Ledger } from '../../view/shapes.ts'
import { count } from '../format.ts'
import { strings } from '../strings.ts'

const words = strings.connections

/** The proof that nothing is lost: one line of arithmetic per source and sink. */
export function ledgerTables({ sources, sinks }: Ledger): TemplateResult {
  const received = sources.map(({ name, received, stored, rejected, inFlight, difference }) => {
    const reasons = Object.entries(rejected).map(([reason, rows]) => `${reason} ${count(rows)}`)
    const all = Object.values(rejected).reduce((sum, rows) => sum + rows, 0)
    return { name, figures: [received, stored, all, inFlight, difference], note: reasons.join(', ') }
  })
  const delivered = sinks.map(
    ({ name, stored, delivered, overwritten, deadLettered, waiting, givenUp, difference }) => ({
      name,
      figures: [stored, delivered, overwritten, deadLettered, waiting, givenUp, difference],
      note: '',
    }),
  )
  return html`<section aria-labelledby="ledger-title">
    <h2 id="ledger-title">${words.ledger}</h2>
    <p class="hint">${words.ledgerHint}</p>
    <div class="card">
      ${table(words.sources, words.sourceColumns, received)}
      ${sinks.length > 0 ? table(words.sinks, words.sinkColumns, delivered) : nothing}
    </div>
  </section>`
}

interface Row {
  readonly name: string
  readonly figures: readonly number[]
  readonly note: string
}

function table(label: string, columns: readonly string[], rows: readonly Row[]): TemplateResult {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${words.ledger}, ${label}">
    <table>
      <thead>
        <tr>
          ${columns.map((column, i) => html`<th scope="col" class=${i > 0 ? 'number' : ''}>${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ name, figures, note }) =>
            html`<tr>
              <th scope="row">${name}${note ? html` <span class="hint">${note}</span>` : nothing}</th>
              ${figures.map((figure, i) => html`<td class="number ${i < figures.length - 1 ? '' : figure === 0 ? 'zero' : 'lost'}">${count(figure)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
