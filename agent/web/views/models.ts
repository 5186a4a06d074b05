import { html, nothing, type TemplateResult } from 'lit'
import type { ModelLife, ModelVersion } from '../../view/shapes.ts'
import { clock, figure, percent } from '../format.ts'
import { modelAction, modelLives, operationOf } from '../models-api.ts'
import type { Page } from '../page.ts'
import { PageElement } from '../parts/element.ts'
import { bar } from '../parts/graphics.ts'
import { badge } from '../parts/icons.ts'
import { strings } from '../strings.ts'

const words = strings.models
const steps = ['collecting', 'training', 'shadow', 'active'] as const
/** ms between two looks. */
const every = 3_000

/** The life of each monitor's model: from collecting to active, and what an operator may do about it. */
class Models extends PageElement {
  static override properties = { page: { attribute: false } }
  declare page: Page
  #lives: readonly ModelLife[] | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#read()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
  }

  protected override render(): TemplateResult {
    const lives = this.#lives ?? []
    return html`<h1>${words.title}</h1>
      ${this.#lives?.length === 0 ? html`<p class="hint">${words.none}</p>` : nothing}
      <div class="models">${lives.map((life) => this.#life(life))}</div>`
  }

  #life(life: ModelLife): TemplateResult {
    const { monitor, step, progress, detail, active, since, nextTraining } = life
    const machines = this.page.state.assets.filter((asset) => asset.monitors.some((each) => each.monitor === monitor))
    const facts = [
      ...(machines.length > 0 ? [words.machines(machines.length)] : []),
      ...(since === undefined ? [] : [words.since(clock(since))]),
      ...(nextTraining === undefined ? [] : [words.next(clock(nextTraining))]),
    ]
    return html`<section class="card model" aria-labelledby="model-${monitor}">
      <div class="row between">
        <h2 id="model-${monitor}">${monitor}</h2>
        <p class="hint">${facts.join(' · ')}</p>
      </div>
      <ol class="steps">
        ${steps.map(
          (each) =>
            html`<li
              class=${each === step ? 'here' : steps.indexOf(each) < steps.indexOf(step) ? 'done' : ''}
              aria-current=${each === step ? 'step' : nothing}
            >
              ${words.steps[each]}
            </li>`,
        )}
      </ol>
      ${step === 'active' || progress === undefined ? nothing : bar(progress, 'accent')}
      <p>${stepWords(life)}</p>
      <p class="active-model">
        ${words.active}: <strong class="code">${active ?? words.noActive}</strong>
        <span class="hint">${step === 'active' ? detail : nothing}</span>
      </p>
      ${drift(life)} ${this.#versions(life)} ${this.#actions(life)}
    </section>`
  }

  #versions({ monitor, versions, actions }: ModelLife): TemplateResult | typeof nothing {
    if (versions.length === 0) return nothing
    const { columns } = words
    return html`<div class="scroll" tabindex="0" role="group" aria-label="${words.candidates}, ${monitor}">
      <table>
        <thead>
          <tr>
            <th scope="col">${columns.version}</th>
            <th scope="col">${columns.state}</th>
            <th scope="col">${columns.trained}</th>
            <th scope="col">${columns.figures}</th>
            <th scope="col">${columns.actions}</th>
          </tr>
        </thead>
        <tbody>
          ${versions.map((version) => this.#version(monitor, version, actions.includes('promote')))}
        </tbody>
      </table>
    </div>`
  }

  #version(monitor: string, model: ModelVersion, promotable: boolean): TemplateResult {
    const { version, state, created, figures, report } = model
    const level = state === 'active' ? 'good' : state === 'refused' || state === 'failed' ? 'warn' : 'muted'
    const promote = () => this.page.operator.act(modelAction(monitor, 'promote'), { version }, words.promoted(version))
    return html`<tr>
      <th scope="row" class="code">${version}</th>
      <td>${badge(level, state)}</td>
      <td class="when">${created === undefined ? strings.none : clock(created)}</td>
      <td>
        ${Object.entries(figures).map(([name, value]) => html`<span class="pair">${name} <strong>${figure(value)}</strong></span> `)}
        ${
          report
            ? html`<details>
                <summary>${words.report}</summary>
                <pre tabindex="0">${report}</pre>
              </details>`
            : nothing
        }
      </td>
      <td>
        ${!promotable || !this.page.operator.may(operationOf('promote')) || state === 'active' || state === 'training' ? nothing : html`<button class="small" @click=${() => void promote()}>${words.promote}<span class="unseen">${version}</span></button>`}
      </td>
    </tr>`
  }

  #actions({ monitor, actions }: ModelLife): TemplateResult | typeof nothing {
    const { operator } = this.page
    const all = [
      ['retrain', words.retrain, words.retraining(monitor)],
      ['rollback', words.rollback, words.rolledBack(monitor)],
    ] as const
    const offered = all.filter(([action]) => actions.includes(action) && operator.may(operationOf(action)))
    if (offered.length === 0) return nothing
    return html`<div class="actions row">
      ${offered.map(
        ([action, label, done]) =>
          html`<button @click=${() => void operator.act(modelAction(monitor, action), {}, done)}>
            ${label}<span class="unseen">${monitor}</span>
          </button>`,
      )}
    </div>`
  }

  async #read(): Promise<void> {
    try {
      if (!document.hidden) this.#lives = await modelLives()
      this.requestUpdate()
    } catch {
      // The event stream says when the agent is gone.
    }
    if (this.isConnected) this.#timer = setTimeout(() => void this.#read(), every)
  }
}

customElements.define('mw-models', Models)

function stepWords({ step, progress = 0, detail }: ModelLife): string | typeof nothing {
  if (step === 'collecting') return words.collected(percent(progress))
  if (step === 'training')
    return progress > 0 && progress < 1 ? words.trainingProgress(percent(progress)) : words.training
  return step === 'shadow' ? (detail ?? nothing) : nothing
}

function drift({ drift }: ModelLife): TemplateResult | typeof nothing {
  if (!drift) return nothing
  return html`<div class="drift">
    <div class="row between">
      <span>${words.drift}, ${drift.name}</span
      ><span class="number">${figure(drift.value)} / ${figure(drift.limit)}</span>
    </div>
    ${bar(drift.value / drift.limit, drift.value > drift.limit ? 'bad' : 'accent')}
    <p class="hint">${words.driftHint}</p>
  </div>`
}
