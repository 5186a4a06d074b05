import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { AlarmChange, AlarmHistory, AlarmView } from '../../view/shapes.ts'
import { get } from '../api.ts'
import { clock, figure, percent } from '../format.ts'
import { isShelved, sharesOf, type Page } from '../page.ts'
import { assetName, acknowledge, acknowledging, alarmFacts, causes } from '../parts/alarm-line.ts'
import { PageElement } from '../parts/element.ts'
import { bar } from '../parts/graphics.ts'
import { badge, icon } from '../parts/icons.ts'
import '../parts/shelve.ts'
import { assetLink } from '../route.ts'
import { strings } from '../strings.ts'

const words = strings.alarm
/** Changes asked for, and how many more each time. */
const pageSize = 100

/** Alarms after ISA-18.2: what is open, what is on the shelf, what was. */
class Alarms extends PageElement {
  static override properties = { page: { attribute: false } }
  declare page: Page
  #history: AlarmHistory | undefined
  #limit = pageSize
  #shelving: AlarmView | undefined
  #seen = ''

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#read()
  }

  protected override render(): TemplateResult {
    const { alarms, time } = this.page.state
    const shelved = alarms.filter((alarm) => isShelved(alarm, time))
    const open = alarms.filter((alarm) => !isShelved(alarm, time))
    return html`<h1>${words.title}</h1>
      <section aria-labelledby="open-title">
        <h2 id="open-title">${words.open}</h2>
        ${open.length === 0 ? html`<p class="hint">${words.none}</p>` : nothing}
        <ul class="alarms">
          ${repeat(
            open,
            ({ id }) => id,
            (alarm) => this.#alarm(alarm),
          )}
        </ul>
      </section>
      ${
        shelved.length === 0
          ? nothing
          : html`<section aria-labelledby="shelved-title">
              <h2 id="shelved-title">${words.shelvedTitle}</h2>
              <ul class="alarms">
                ${repeat(
                  shelved,
                  ({ id }) => id,
                  (alarm) => this.#alarm(alarm),
                )}
              </ul>
            </section>`
      }
      ${this.#past()}
      ${
        this.#shelving
          ? html`<mw-shelve
              .alarm=${this.#shelving}
              .operator=${this.page.operator}
              @done=${() => this.#shelve(undefined)}
            ></mw-shelve>`
          : nothing
      }`
  }

  protected override updated(): void {
    const state = this.page.state.alarms.map(({ id, state, shelvedUntil }) => [id, state, shelvedUntil]).join()
    if (state === this.#seen) return
    this.#seen = state
    void this.#read()
  }

  #alarm(alarm: AlarmView): TemplateResult {
    const { time } = this.page.state
    const shelved = isShelved(alarm, time)
    const level = shelved ? 'muted' : alarm.state === 'raised' ? 'bad' : 'warn'
    const text = shelved ? words.short.shelved : words.short[alarm.state]
    return html`<li class="card alarm ${level}">
      <div class="alarm-what">
        <h3>${assetName(alarm.asset, this.page)} <span class="monitor">${alarm.monitor}</span></h3>
        ${badge(level, text, shelved ? 'shelf' : alarm.state === 'raised' ? 'bad' : 'warn')}
        <p>${alarmFacts(alarm, time)}</p>
        ${shelved ? html`<p class="hint">${words.until(clock(alarm.shelvedUntil!, time))}${alarm.reason ? ` · ${alarm.reason}` : ''}</p>` : nothing}
      </div>
      <ul class="shares">
        ${sharesOf(alarm.contributions)
          .slice(0, 3)
          .map(
            ([role, share]) =>
              html`<li><span>${role}</span><span class="number">${percent(share)}</span>${bar(share, 'bad')}</li>`,
          )}
      </ul>
      <div class="actions">${this.#actions(alarm, shelved)}</div>
    </li>`
  }

  #actions(alarm: AlarmView, shelved: boolean): TemplateResult {
    const { operator } = this.page
    const about = html`<span class="unseen">${alarm.asset}</span>`
    const address = `/api/alarms/${encodeURIComponent(alarm.id)}`
    const label = () => operator.act('/api/labels', { type: 'false-alarm', alarm: alarm.id }, words.falseDone)
    return html` ${
      alarm.state === 'acknowledged' || !operator.may(acknowledging)
        ? nothing
        : html`<button class="primary" @click=${() => void acknowledge(alarm, operator)}>
            ${icon('good')}${words.acknowledge}${about}
          </button>`
    }
    ${
      !operator.may('POST /api/alarms/:alarm/shelve')
        ? nothing
        : shelved
          ? html`<button @click=${() => void operator.act(`${address}/unshelve`, {}, words.unshelved(alarm.asset))}>
              ${words.unshelve}${about}
            </button>`
          : html`<button @click=${() => this.#shelve(alarm)}>${icon('shelf')}${words.shelve}${about}</button>`
    }
    ${operator.may('POST /api/labels') ? html`<button class="quiet" @click=${() => void label()}>${words.false}${about}</button>` : nothing}`
  }

  #past(): TemplateResult {
    const { changes = [], reaches = null } = this.#history ?? {}
    return html`<section aria-labelledby="history-title">
      <div class="row between">
        <h2 id="history-title">${words.history}</h2>
        <a class="button" href="/api/alarms.csv?limit=5000" download>${words.csv}</a>
      </div>
      ${
        changes.length === 0
          ? html`<p class="hint">${words.noHistory}</p>`
          : html`<div class="scroll" tabindex="0" role="group" aria-labelledby="history-title">
              ${table(changes, this.page.state.time)}
            </div>`
      }
      <div class="row">
        ${reaches === null ? nothing : html`<p class="hint">${words.reaches(clock(reaches))}</p>`}
        ${reaches !== null || changes.length >= this.#limit ? html`<button class="small" @click=${() => this.#more()}>${words.more}</button>` : nothing}
      </div>
    </section>`
  }

  #more(): void {
    this.#limit = Math.min(5_000, this.#limit + pageSize)
    void this.#read()
  }

  #shelve(alarm: AlarmView | undefined): void {
    this.#shelving = alarm
    this.requestUpdate()
  }

  async #read(): Promise<void> {
    try {
      this.#history = await get<AlarmHistory>(`/api/alarms/history?limit=${this.#limit}`)
      this.requestUpdate()
    } catch {
      // The event stream says when the agent is gone.
    }
  }
}

customElements.define('mw-alarms', Alarms)

function table(changes: readonly AlarmChange[], now: number): TemplateResult {
  const { columns } = words
  return html`<table>
    <thead>
      <tr>
        ${Object.entries(columns).map(([name, text]) => html`<th scope="col" class=${name === 'score' ? 'number' : ''}>${text}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${changes.map(
        (change) =>
          html`<tr>
            <td class="when">${clock(change.time, now)}</td>
            <th scope="row">
              <a href=${assetLink(change.asset)}>${change.asset}</a
              ><span class="hint"> ${change.change === 'raised' ? causes(change, 1) : ''}</span>
            </th>
            <td>${words.changes[change.change] ?? change.change}</td>
            <td class="number">${figure(change.score / change.threshold)} ×</td>
            <td>${change.by ?? ''}</td>
            <td>${change.reason ?? ''}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}
