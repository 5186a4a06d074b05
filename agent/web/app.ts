import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { HealthTrend } from '../view/shapes.ts'
import { get } from './api.ts'
import { span } from './format.ts'
import { Live } from './live.ts'
import { isShelved, type Page } from './page.ts'
import { PageElement } from './parts/element.ts'
import './parts/login.ts'
import { header, navigation, notices } from './parts/frame.ts'
import { routeOf } from './route.ts'
import { Operator } from './session.ts'
import { strings } from './strings.ts'
import { nextTheme, startTheme } from './theme.ts'
import './views/actions.ts'
import './views/alarms.ts'
import './views/asset.ts'
import './views/connections.ts'
import './views/inspection.ts'
import './views/models.ts'
import { overview } from './views/overview.ts'

/** ms between two looks at the health of the last windows. */
const trendsEvery = 5_000

/** The whole page. */
class App extends PageElement {
  readonly #changed = () => this.requestUpdate()
  readonly #live = new Live(this.#changed)
  readonly #operator = new Operator(this.#changed)
  #route = routeOf(location.hash)
  #trends: readonly HealthTrend[] = []
  #known: ReadonlySet<string> | undefined
  #announced = ''

  override connectedCallback(): void {
    super.connectedCallback()
    startTheme()
    addEventListener('hashchange', () => this.#go())
    void this.#operator.start().then(() => this.#live.start())
    void this.#keepTrends()
  }

  protected override render(): TemplateResult {
    const { state, ledger } = this.#live
    const operator = this.#operator
    const page: Page | undefined = state && { state, ledger, trends: this.#trends, operator, route: this.#route }
    return html`<a class="skip" href="#main" @click=${this.#skip}>${strings.skip}</a>
      ${header(page, this.#live, operator, this.#recolour)} ${navigation(page, this.#route)}
      <div class="content">
        ${notices(page, this.#live, operator)}
        <main id="main" tabindex="-1">${page && !operator.shutOut ? this.#view(page) : this.#waiting()}</main>
        ${state ? html`<footer>${strings.footer(state.version, state.site)} · ${strings.figures.running} ${span(state.time - state.started)}</footer>` : nothing}
      </div>
      <p class="unseen" aria-live="assertive">${this.#announced}</p>
      ${operator.asking ? html`<mw-login .operator=${operator}></mw-login>` : nothing}`
  }

  #view(page: Page): TemplateResult {
    switch (this.#route.view) {
      case 'overview':
        return overview(page)
      case 'asset':
        return html`<mw-asset .page=${page}></mw-asset>`
      case 'alarms':
        return html`<mw-alarms .page=${page}></mw-alarms>`
      case 'actions':
        return html`<mw-actions .page=${page}></mw-actions>`
      case 'models':
        return html`<mw-models .page=${page}></mw-models>`
      case 'inspection':
        return html`<mw-inspection .page=${page}></mw-inspection>`
      case 'connections':
        return html`<mw-connections .page=${page}></mw-connections>`
    }
  }

  #waiting(): TemplateResult {
    const operator = this.#operator
    if (!operator.shutOut) return html`<h1>${strings.live.connecting}</h1>`
    return html`<h1>${strings.product}</h1>
      <p>${strings.session.closed}</p>
      <button class="primary" @click=${() => operator.ask(() => location.reload())}>${strings.session.open}</button>`
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed)
    const { state } = this.#live
    if (!state) return
    const raised = state.alarms.filter((alarm) => alarm.state === 'raised' && !isShelved(alarm, state.time))
    document.title = `${raised.length > 0 ? `(${raised.length}) ` : ''}${state.site} · ${strings.product}`
    const fresh = this.#known && raised.filter(({ id }) => !this.#known!.has(id))
    if (fresh && fresh.length > 0) this.#announced = fresh.map(({ asset }) => strings.alarm.announce(asset)).join('. ')
    this.#known = new Set(state.alarms.map(({ id }) => id))
  }

  /** Another view: from its top, and a screen reader begins there. */
  #go(): void {
    if (location.hash === '#main') return
    this.#route = routeOf(location.hash)
    this.requestUpdate()
    void this.updateComplete.then(() => {
      scrollTo(0, 0)
      this.querySelector<HTMLElement>('main')?.focus({ preventScroll: true })
    })
  }

  readonly #skip = (event: Event): void => {
    event.preventDefault()
    this.querySelector<HTMLElement>('main')?.focus()
  }

  readonly #recolour = (): void => {
    nextTheme()
    this.requestUpdate()
  }

  async #keepTrends(): Promise<void> {
    if (this.#route.view === 'overview' && !document.hidden) {
      try {
        this.#trends = await get<HealthTrend[]>('/api/trends')
        this.requestUpdate()
      } catch {
        // The event stream says when the agent is gone.
      }
    }
    setTimeout(() => void this.#keepTrends(), trendsEvery)
  }
}

customElements.define('mw-app', App)
