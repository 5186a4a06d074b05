import { html, nothing, type TemplateResult } from 'lit'
import type { AuditEntry, CertificateView, ConnectionState, DeadLetterView } from '../../view/shapes.ts'
import { get } from '../api.ts'
import { count, span } from '../format.ts'
import type { Level, Page } from '../page.ts'
import { auditTrail, certificates, deadLetters } from '../parts/connection-lists.ts'
import { PageElement } from '../parts/element.ts'
import { badge } from '../parts/icons.ts'
import { ledgerTables } from '../parts/ledger.ts'
import { strings } from '../strings.ts'

const words = strings.connections
/** ms between two looks. */
const every = 5_000
/** A clock that is out of step by less is fine, ms. */
const inStep = 2_000

const levels: Readonly<Record<ConnectionState['status']['state'], Level>> = {
  up: 'good',
  connecting: 'learning',
  degraded: 'warn',
  down: 'bad',
}

/** Where data comes from and goes to, in plain words, with what to do; and proof that nothing is lost. */
class Connections extends PageElement {
  static override properties = { page: { attribute: false } }
  declare page: Page
  #letters: readonly DeadLetterView[] = []
  #certificates: readonly CertificateView[] = []
  #audit: readonly AuditEntry[] = []
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
    const { state, ledger, operator } = this.page
    const of = (direction: ConnectionState['direction']) =>
      state.connections.filter((each) => each.direction === direction)
    return html`<h1>${words.title}</h1>
      ${this.#list('sources', words.sources, words.noSources, of('source'))}
      ${this.#list('sinks', words.sinks, words.noSinks, of('sink'))} ${ledger ? ledgerTables(ledger) : nothing}
      ${certificates(this.#certificates, operator.may('POST /api/certificates/approve') ? (certificate) => void this.#approve(certificate) : undefined)}
      ${this.#guarded()}`
  }

  /** What the plant does not show to everybody. */
  #guarded(): TemplateResult {
    const { state, operator } = this.page
    if (operator.loggedIn)
      return html`${operator.may('GET /api/dead-letters') ? deadLetters(this.#letters, state.journal.dead.rows, state.time) : nothing}
      ${operator.may('GET /api/audit') ? auditTrail(this.#audit, state.time) : nothing}`
    return html`<section aria-labelledby="guarded-title">
      <h2 id="guarded-title">${words.dead} <span class="hint">${count(state.journal.dead.rows)}</span></h2>
      <p class="hint">${words.guarded}</p>
      <button class="small" @click=${() => operator.ask(() => void this.#read())}>${strings.session.open}</button>
    </section>`
  }

  #list(id: string, title: string, none: string, connections: readonly ConnectionState[]): TemplateResult {
    return html`<section aria-labelledby="${id}-title">
      <h2 id="${id}-title">${title}</h2>
      ${connections.length === 0 ? html`<p class="hint">${none}</p>` : nothing}
      <ul class="connections">
        ${connections.map((connection) => this.#connection(connection))}
      </ul>
    </section>`
  }

  #connection({ name, type, direction, status, skew }: ConnectionState): TemplateResult {
    const { state, message, remedy, items = {} } = status
    const troubled = Object.entries(items)
    return html`<li class="card connection ${levels[state]}">
      <div class="row between">
        <h3>${name} <span class="code hint">${type}</span></h3>
        ${badge(levels[state], words.states[state])}
      </div>
      <p>${message}</p>
      ${remedy === undefined ? nothing : html`<p class="remedy"><strong>${words.remedy}:</strong> ${remedy}</p>`}
      ${
        troubled.length === 0
          ? nothing
          : html`<details>
              <summary>${words.items(troubled.length)}</summary>
              <dl class="items">
                ${troubled.slice(0, 200).map(
                  ([item, trouble]) =>
                    html`<div>
                      <dt class="code">${item}</dt>
                      <dd>${trouble}</dd>
                    </div>`,
                )}
              </dl>
            </details>`
      }
      <dl class="facts">${direction === 'source' ? this.#sourceFacts(name, skew) : this.#sinkFacts(name)}</dl>
    </li>`
  }

  #sourceFacts(name: string, skew: number | null | undefined): TemplateResult {
    const own = this.page.ledger?.sources.find((source) => source.name === name)
    const rejected = Object.values(own?.rejected ?? {}).reduce((sum, rows) => sum + rows, 0)
    return html`${fact(words.received, own ? count(own.received) : strings.none)}
    ${fact(words.rejected, own ? count(rejected) : strings.none)} ${fact(words.skew, skewWords(skew))}`
  }

  #sinkFacts(name: string): TemplateResult {
    const own = this.page.ledger?.sinks.find((sink) => sink.name === name)
    return html`${fact(words.delivered, own ? count(own.delivered) : strings.none)}
    ${fact(words.waiting, own ? count(own.waiting) : strings.none)}
    ${fact(words.dead, own ? count(own.deadLettered) : strings.none)}`
  }

  #approve({ connector, thumbprint }: CertificateView): Promise<void> {
    return this.page.operator
      .act('/api/certificates/approve', { connector, thumbprint }, words.approved)
      .then(() => this.#read())
  }

  async #read(): Promise<void> {
    clearTimeout(this.#timer)
    try {
      const { operator } = this.page
      this.#certificates = await get<CertificateView[]>('/api/certificates')
      this.requestUpdate()
      if (operator.loggedIn)
        [this.#letters, this.#audit] = await Promise.all([
          operator.may('GET /api/dead-letters') ? get<DeadLetterView[]>('/api/dead-letters?limit=100') : [],
          operator.may('GET /api/audit') ? get<AuditEntry[]>('/api/audit?limit=50') : [],
        ])
      this.requestUpdate()
    } catch {
      // The event stream says when the agent is gone.
    }
    if (this.isConnected) this.#timer = setTimeout(() => void (document.hidden ? undefined : this.#read()), every)
  }
}

customElements.define('mw-connections', Connections)

function fact(name: string, value: string): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`
}

function skewWords(skew: number | null | undefined): string {
  if (skew === null || skew === undefined) return words.skewUnknown
  if (Math.abs(skew) < inStep) return words.skewFine
  return skew > 0 ? words.skewAhead(span(skew)) : words.skewBehind(span(skew))
}
