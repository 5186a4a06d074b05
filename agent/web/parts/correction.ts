import { html, nothing, type TemplateResult } from 'lit'
import type { PartView, StationView } from '../../view/inspection-shapes.ts'
import { strings } from '../strings.ts'

const words = strings.inspection

/** What a part truly is, to be said by mouse or key. */
export function correction(view: StationView, part: PartView, say: (name: string) => void): TemplateResult {
  return html`<fieldset class="correct">
    <legend>${words.truth}</legend>
    <div class="row">
      ${view.classes.map(
        (name, i) =>
          html`<button
            class="small"
            aria-pressed=${part.correction?.class === name ? 'true' : 'false'}
            @click=${() => say(name)}
          >
            ${name}${i < 9 ? html`<kbd aria-hidden="true">${i + 1}</kbd>` : nothing}
          </button>`,
      )}
    </div>
    <p class="hint keys">${words.keys(view.images)}</p>
  </fieldset>`
}
