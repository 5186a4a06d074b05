import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { PartView, StationView } from '../../view/inspection-shapes.ts'
import { choices, type Choice } from '../inspection-api.ts'
import { strings } from '../strings.ts'
import { thumbnail, type Showing } from './part.ts'

const words = strings.inspection

/** What is chosen of the newest parts, and what a choice does. */
export interface StripShown extends Showing {
  readonly choice: Choice
  readonly here: PartView | undefined
  readonly show: (choice: Choice) => void
  readonly choose: (part: PartView) => void
}

/** The newest parts in a row. */
export function strip(view: StationView, { choice, here, withMap, allowed, show, choose }: StripShown): TemplateResult {
  return html`<section aria-labelledby="parts-title">
    <div class="row between">
      <h2 id="parts-title">${words.parts}</h2>
      <div class="segments" role="group" aria-label=${words.shown}>
        ${choices.map(
          (each) =>
            html`<button aria-pressed=${each === choice ? 'true' : 'false'} @click=${() => show(each)}>
              ${words.choices[each]}
            </button>`,
        )}
      </div>
    </div>
    ${view.newest.length === 0 ? html`<p class="hint">${words.noneOf[choice]}</p>` : nothing}
    <ul class="thumbs">
      ${repeat(
        view.newest,
        ({ id }) => id,
        (part) => thumbnail(view, part, { here: part.id === here?.id, withMap, allowed, choose: () => choose(part) }),
      )}
    </ul>
  </section>`
}
