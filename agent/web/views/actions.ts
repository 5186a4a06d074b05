import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { ActionsView, ActionView, DecisionView } from '../../view/action-shapes.ts'
import { get } from '../api.ts'
import { clock, figure } from '../format.ts'
import type { Page } from '../page.ts'
import { PageElement } from '../parts/element.ts'
import { badge } from '../parts/icons.ts'
import { strings } from '../strings.ts'

const words = strings.actions
const answering = 'POST /api/actions/decisions/:decision/approve'
const stopping = 'POST /api/actions/stop'

/** What actions propose, first; how they stand; what was done; and the stop of all. */
class Actions extends PageElement {
  static override properties = { page: { attribute: false } }
  declare page: Page
  #view: ActionsView | undefined
  #seen = ''

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#read()
  }

  protected override updated(): void {
    const { actions } = this.page.state
    const seen = `${actions?.revision ?? ''} ${actions?.stopped ?? false}`
    if (seen === this.#seen) return
    this.#seen = seen
    void this.#read()
  }

  protected override render(): TemplateResult {
    const { stopped = null, actions = [], open = [], ended = [] } = this.#view ?? {}
    const proposals = open.filter(({ step }) => step === 'proposed')
    const others = open.filter(({ step }) => step !== 'proposed')
    return html`<div class="row between">
        <h1>${words.title}</h1>
        ${this.#stop(stopped !== null)}
      </div>
      ${stopped ? html`<p class="notice bad" role="alert">${words.stopped(stopped.by, clock(stopped.time))}${stopped.reason ? ` · ${stopped.reason}` : ''}</p>` : nothing}
      <section aria-labelledby="proposals-title">
        <h2 id="proposals-title">${words.proposals}</h2>
        ${proposals.length === 0 ? html`<p class="hint">${words.noProposals}</p>` : nothing}
        <ul class="alarms">
          ${repeat(
            proposals,
            ({ id }) => id,
            (one) => this.#proposal(one),
          )}
        </ul>
      </section>
      ${
        others.length === 0
          ? nothing
          : html`<h2 id="under-way-title">${words.underWay}</h2>
              ${table(others, 'under-way-title')}`
      }
      <section aria-labelledby="actions-title">
        <h2 id="actions-title">${words.configured}</h2>
        ${actions.map((one) => card(one))}
      </section>
      <section aria-labelledby="done-title">
        <h2 id="done-title">${words.done}</h2>
        ${ended.length === 0 ? html`<p class="hint">${words.nothingDone}</p>` : table(ended, 'done-title')}
      </section>`
  }

  #stop(stopped: boolean): TemplateResult | typeof nothing {
    const { operator } = this.page
    if (!operator.may(stopping)) return nothing
    const order = stopped ? 'resume' : 'stop'
    return html`<button
      class="large ${stopped ? 'primary' : 'danger'}"
      @click=${() => void this.#order(`/api/actions/${order}`, stopped ? words.resumed : words.allStopped)}
    >
      ${stopped ? words.resume : words.stop}
    </button>`
  }

  #proposal(decision: DecisionView): TemplateResult {
    const { id, action, asset, value, why, expires, target } = decision
    const address = `/api/actions/decisions/${encodeURIComponent(id)}`
    const about = html`<span class="unseen">${action} ${asset}</span>`
    return html`<li class="card alarm warn">
      <div class="alarm-what">
        <h3>${asset || words.plant} <span class="monitor">${action}</span></h3>
        <p class="proposed">
          <strong>${value === undefined ? '' : shown(value)}</strong> <span class="code">${target}</span>
        </p>
        <p class="hint">${expires === null ? '' : words.until(clock(expires))}</p>
      </div>
      <ul class="shares">
        ${why.map(({ what, value: had }) => html`<li><span class="code">${what}</span><span class="number">${shown(had)}</span></li>`)}
      </ul>
      <div class="actions">
        ${
          this.page.operator.may(answering)
            ? html`<button
                  class="primary large"
                  @click=${() => void this.#order(`${address}/approve`, words.approved(asset))}
                >
                  ${words.approve}${about}
                </button>
                <button class="large" @click=${() => void this.#order(`${address}/refuse`, words.refused(asset))}>
                  ${words.refuse}${about}
                </button>`
            : nothing
        }
      </div>
    </li>`
  }

  async #order(path: string, done: string): Promise<void> {
    await this.page.operator.act(path, {}, done)
    await this.#read()
  }

  async #read(): Promise<void> {
    try {
      this.#view = await get<ActionsView>('/api/actions')
      this.requestUpdate()
    } catch {
      // The event stream says when the agent is gone.
    }
  }
}

function shown(value: number | string | boolean): string {
  return typeof value === 'number' ? figure(value) : String(value)
}

function card({ name, mode, when, does, stands, ledger }: ActionView): TemplateResult {
  const level = mode === 'armed' ? 'bad' : mode === 'propose' ? 'warn' : 'muted'
  const undecided = stands.filter(({ holds }) => holds === null)
  return html`<article class="card" aria-labelledby="action-${name}">
    <div class="row between">
      <h3 id="action-${name}">${name}</h3>
      ${badge(level, words.modes[mode])}
    </div>
    <p class="code wrap">${when}</p>
    <p class="code wrap">${does}</p>
    ${undecided.slice(0, 3).map(({ asset, why }) => html`<p class="hint">${words.undecided(asset || words.plant, why)}</p>`)}
    ${
      ledger
        ? html`<p class="hint">
            ${words.ledger(
              ledger.proposed,
              ledger.confirmed,
              ledger.failed + ledger.unknown,
              Object.values(ledger.blocked).reduce((sum, one) => sum + one, 0),
              ledger.refused + ledger.expired,
            )}
          </p>`
        : nothing
    }
  </article>`
}

function table(decisions: readonly DecisionView[], title: string): TemplateResult {
  return html`<div class="scroll" tabindex="0" role="group" aria-labelledby=${title}>
    <table>
      <thead>
        <tr>
          ${words.columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${decisions.map(
          ({ decided, action, asset, purpose, step, guard, value, by, detail }) =>
            html`<tr>
              <td class="number">${clock(decided)}</td>
              <td>${action}${asset ? ` · ${asset}` : ''}</td>
              <td>
                ${words.steps[step]}${guard ? ` (${words.guards[guard]})` : ''}${purpose === 'do' ? '' : ` · ${words.purposes[purpose]}`}
              </td>
              <td class="number">${value === undefined ? '' : shown(value)}</td>
              <td>${by ?? ''}</td>
              <td>${detail}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

customElements.define('mw-actions', Actions)
