import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { PartView, StationView } from '../../view/inspection-shapes.ts'
import { correctionOf, station, type Choice } from '../inspection-api.ts'
import type { Page } from '../page.ts'
import { correction } from '../parts/correction.ts'
import { PageElement } from '../parts/element.ts'
import { conclusion, partValues, picture } from '../parts/part.ts'
import { confusion, stationFigures } from '../parts/station.ts'
import { trainingCard, troubles, untrained } from '../parts/station-notices.ts'
import { strip } from '../parts/strip.ts'
import { inspectionLink } from '../route.ts'
import { strings } from '../strings.ts'

const words = strings.inspection
/** The operation of the API behind a correction. */
const labelling = 'POST /api/labels'
/** Least time between two looks at a station, ms. */
const every = 1_000

/** What the stations see: newest images with anomaly maps, verdicts with their reasons, and what people say of them. */
class Inspection extends PageElement {
  static override properties = { page: { attribute: false } }
  declare page: Page
  #view: StationView | undefined
  /** Station, choice and revision that were read last. */
  #read = ''
  #choice: Choice = 'all'
  #withMap = true
  /** The part that is looked at; none: the newest. */
  #chosen: PartView | undefined
  /** The newest stays while somebody points at it or has the focus in it. */
  #pointed = false
  #looking: AbortController | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
    this.#looking?.abort()
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed)
    this.#keepUp()
  }

  protected override render(): TemplateResult {
    const stations = this.page.state.stations ?? []
    const name = this.#station
    const view = this.#view?.station === name ? this.#view : undefined
    return html`<div class="row between view-head">
        <h1>${words.title}</h1>
        ${stations.length > 1 ? this.#tabs() : html`<p class="hint">${words.station(name)}</p>`}
      </div>
      ${stations.length === 0 ? html`<p class="hint">${words.none}</p>` : nothing} ${view ? this.#body(view) : nothing}`
  }

  get #station(): string {
    const stations = this.page.state.stations ?? []
    const { detail } = this.page.route
    return (stations.find(({ station }) => station === detail) ?? stations.at(0))?.station ?? ''
  }

  get #showing() {
    return { withMap: this.#withMap, allowed: this.page.operator.loggedIn }
  }

  #tabs(): TemplateResult {
    return html`<div class="segments" role="group" aria-label=${words.stations}>
      ${(this.page.state.stations ?? []).map(
        ({ station }) =>
          html`<a class="button" href=${inspectionLink(station)} aria-current=${station === this.#station ? 'page' : nothing}>${station}</a>`, // prettier-ignore
      )}
    </div>`
  }

  #body(view: StationView): TemplateResult {
    const part = this.#chosen ?? view.newest.at(0)
    const { stations = [], plant } = this.page.state
    const training = stations.find(({ station }) => station === view.station)?.training
    return html`${training ? trainingCard(training) : nothing}
      ${view.model || !view.images || training ? nothing : untrained(view, plant !== undefined)} ${troubles(view)}
      <div class="inspection">
        ${part ? this.#stage(view, part) : html`<section class="card"><p class="hint">${words.noParts(view.images)}</p></section>`}
        <div class="side">${stationFigures(view, this.page.state.time)} ${confusion(view)}</div>
      </div>
      ${strip(view, {
        choice: this.#choice,
        show: (choice) => this.#show(choice),
        here: part,
        ...this.#showing,
        choose: (each) => this.#choose(each),
      })}`
  }

  /** The part that is looked at, large. */
  #stage(view: StationView, part: PartView): TemplateResult {
    const values = partValues(part, view, this.page.state.time)
    const follow = this.#chosen
      ? html`<button class="small" @click=${() => this.#choose(undefined)}>${words.follow}</button>`
      : html`<span class="badge live"><span class="dot"></span>${words.newest}</span>`
    return html`<section
      class="card stage ${view.images ? '' : 'bare'}"
      role="group"
      tabindex="0"
      aria-label="${words.stage}. ${words.keys(view.images)}"
      @keydown=${(event: KeyboardEvent) => this.#key(event, view, part)}
      @pointerenter=${() => this.#point(true, part)}
      @pointerleave=${() => this.#point(false, part)}
      @focusin=${() => this.#point(true, part)}
      @focusout=${(event: FocusEvent) => this.#left(event, part)}
    >
      ${view.images ? this.#picture(view, part, follow) : html`<div class="row stage-tools">${follow}</div>`}
      <div class="stage-words">
        <h2 class="unseen">${words.partOf(part.part)}</h2>
        ${conclusion(part, view)} ${view.images ? values : nothing}
        ${this.page.operator.may(labelling) ? correction(view, part, (name) => void this.#correct(view, part, name)) : nothing}
      </div>
      ${view.images ? nothing : values}
    </section>`
  }

  #picture({ station }: StationView, part: PartView, follow: TemplateResult): TemplateResult {
    return html`<div class="stage-picture">
      ${picture(station, part, this.#showing, true)}
      <div class="row between stage-tools">
        <label class="switch">
          <input type="checkbox" .checked=${this.#withMap} @change=${() => this.#toggleMap()} />
          <span>${words.map}</span>
        </label>
        ${follow}
      </div>
    </div>`
  }

  /** Reads the station again when something has changed, not too often. */
  #keepUp(): void {
    const glance = this.page.state.stations?.find(({ station }) => station === this.#station)
    if (!glance) return
    const wanted = `${glance.station} ${this.#choice} ${glance.revision} ${glance.ready}`
    if (wanted === this.#read || this.#timer !== undefined || document.hidden) return
    this.#read = wanted
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#keepUp()
    }, every)
    void this.#look()
  }

  async #look(): Promise<void> {
    this.#looking?.abort()
    const looking = (this.#looking = new AbortController())
    try {
      const view = await station(this.#station, this.#choice, looking.signal)
      if (looking.signal.aborted) return
      this.#view = view
      const chosen = this.#chosen
      // What was said of it in the meantime; a part that is not among the newest any more stays as it was.
      if (chosen) this.#chosen = view.newest.find(({ id }) => id === chosen.id) ?? chosen
      this.requestUpdate()
    } catch {
      // The event stream says when the agent is gone.
    }
  }

  #show(choice: Choice): void {
    this.#choice = choice
    this.#chosen = undefined
    this.#again()
  }

  #choose(part: PartView | undefined): void {
    this.#chosen = part
    this.#pointed = false
    this.requestUpdate()
  }

  /** Whoever points at a part means that part, though the next one is there already. */
  #point(inside: boolean, part: PartView): void {
    if (inside && !this.#chosen) {
      this.#chosen = part
      this.#pointed = true
    } else if (!inside && this.#pointed) {
      this.#chosen = undefined
      this.#pointed = false
    }
    this.requestUpdate()
  }

  #left({ currentTarget, relatedTarget }: FocusEvent, part: PartView): void {
    const within = relatedTarget instanceof Node && (currentTarget as Element).contains(relatedTarget)
    if (!within) this.#point(false, part)
  }

  #toggleMap(): void {
    this.#withMap = !this.#withMap
    this.requestUpdate()
  }

  async #correct(view: StationView, part: PartView, name: string): Promise<void> {
    this.#choose(part)
    await this.page.operator.act('/api/labels', correctionOf(view.station, part, name), words.noted(part.part, name))
    this.#again()
  }

  #again(): void {
    this.#read = ''
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.requestUpdate()
  }

  #key(event: KeyboardEvent, view: StationView, part: PartView): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const at = view.newest.findIndex(({ id }) => id === part.id)
    const mayCorrect = this.page.operator.may(labelling)
    const name = mayCorrect && /^[1-9]$/.test(event.key) ? view.classes.at(Number(event.key) - 1) : undefined
    if (name !== undefined && Number(event.key) <= view.classes.length) void this.#correct(view, part, name)
    else if (event.key === 'ArrowLeft') this.#choose(view.newest[Math.min(view.newest.length - 1, at + 1)])
    else if (event.key === 'ArrowRight') this.#choose(view.newest[Math.max(0, at - 1)])
    else if (event.key === 'Home') this.#choose(undefined)
    else if (event.key.toLowerCase() === 'm') this.#toggleMap()
    else return
    event.preventDefault()
  }
}

customElements.define('mw-inspection', Inspection)
