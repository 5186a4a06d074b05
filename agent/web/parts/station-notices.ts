import { html, nothing, type TemplateResult } from 'lit'
import type { StationGlance, StationView } from '../../view/inspection-shapes.ts'
import { percent, sentence } from '../format.ts'
import { modelsLink } from '../route.ts'
import { strings } from '../strings.ts'
import { bar } from './graphics.ts'

const words = strings.inspection

/** What is wrong with the source of images, or with the link to the PLC that takes parts off the line. */
export function troubles({ source, signal }: StationView): TemplateResult | typeof nothing {
  const notice = (status: StationView['source'], text: (message: string) => string) =>
    status.state === 'up' ? nothing : html`<p class="notice">${text(status.message)} ${status.remedy ?? ''}</p>`
  return html`${notice(source, words.source)} ${signal ? notice(signal, words.signal) : nothing}`
}

/** What to do where a station that looks at images has no model yet. `demo`: the agent does it by itself. */
export function untrained({ station, learns }: StationView, demo: boolean): TemplateResult {
  return html`<section class="card untrained" aria-labelledby="untrained-title">
    <h2 id="untrained-title">${words.untrained}</h2>
    <p>${learns ? words.untrainedText : words.ownMissing}</p>
    ${learns ? html`<pre tabindex="0">${words.commands(station)}</pre>` : nothing}
    ${demo ? html`<p class="hint">${words.untrainedDemo}</p>` : nothing}
  </section>`
}

/** The training of a station's model that is under way, and where more is said of it. */
export function trainingCard(training: NonNullable<StationGlance['training']>): TemplateResult {
  const { step, progress, why } = training
  return html`<section class="card untrained" aria-labelledby="training-title">
    <div class="row between">
      <h2 id="training-title">${words.training}</h2>
      <a class="button" href=${modelsLink}>${strings.views.models}</a>
    </div>
    ${bar(progress, 'accent')}
    <p>${words.trainingStep(sentence(step), percent(progress))} <span class="hint">${words.trainingWhy(why)}</span></p>
  </section>`
}
