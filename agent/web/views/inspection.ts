import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { PartView, StationView } from '../../http/inspection-shapes.ts'
import { choices, correctionOf, station, type Choice } from '../inspection-api.ts'
import type { Page } from '../page.ts'
import { PageElement } from '../parts/element.ts'
import { conclusion, picture, thumbnail } from '../parts/part.ts'
import { confusion, stationFigures } from '../parts/station.ts'
import { inspectionLink } from '../route.ts'
import { strings } from '../strings.ts'

const words = strings.inspection
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
    return html`${view.model || !view.images ? nothing : this.#untrained(view)} ${troubles(view)}
      <div class="inspection">
        ${part ? this.#stage(view, part) : html`<section class="card"><p class="hint">${words.noParts}</p></section>`}
        <div class="side">${stationFigures(view, this.page.state.time)} ${confusion(view)}</div>
      </div>
      ${this.#strip(view, part)}`
  }

  /** The part that is looked at, large. */
  #stage(view: StationView, part: PartView): TemplateResult {
    const held = this.#chosen !== undefined
    return html`<section
      class="card stage"
      role="group"
      tabindex="0"
      aria-label="${words.stage}. ${words.keys}"
      @keydown=${(event: KeyboardEvent) => this.#key(event, view, part)}
      @pointerenter=${() => this.#point(true, part)}
      @pointerleave=${() => this.#point(false, part)}
      @focusin=${() => this.#point(true, part)}
      @focusout=${(event: FocusEvent) => this.#left(event, part)}
    >
      <div class="stage-picture">
        ${picture(view.station, part, this.#withMap, true)}
        <div class="row between stage-tools">
          <label class="switch">
            <input type="checkbox" .checked=${this.#withMap} @change=${() => this.#toggleMap()} />
            <span>${words.map}</span>
          </label>
          ${held ? html`<button class="small" @click=${() => this.#choose(undefined)}>${words.follow}</button>` : html`<span class="badge live"><span class="dot"></span>${words.newest}</span>`}
        </div>
      </div>
      <div class="stage-words">
        <h2 class="unseen">${words.partOf(part.part)}</h2>
        ${conclusion(part, view, this.page.state.time)} ${this.#correction(view, part)}
      </div>
    </section>`
  }

  #correction(view: StationView, part: PartView): TemplateResult {
    return html`<fieldset class="correct">
      <legend>${words.truth}</legend>
      <div class="row">
        ${view.classes.map(
          (name, i) =>
            html`<button
              class="small"
              aria-pressed=${part.correction?.class === name ? 'true' : 'false'}
              @click=${() => this.#correct(view, part, name)}
            >
              ${name}${i < 9 ? html`<kbd aria-hidden="true">${i + 1}</kbd>` : nothing}
            </button>`,
        )}
      </div>
      <p class="hint keys">${words.keys}</p>
    </fieldset>`
  }

  #strip(view: StationView, part: PartView | undefined): TemplateResult {
    return html`<section aria-labelledby="parts-title">
      <div class="row between">
        <h2 id="parts-title">${words.parts}</h2>
        <div class="segments" role="group" aria-label=${words.shown}>
          ${choices.map(
            (choice) =>
              html`<button
                aria-pressed=${choice === this.#choice ? 'true' : 'false'}
                @click=${() => this.#show(choice)}
              >
                ${words.choices[choice]}
              </button>`,
          )}
        </div>
      </div>
      ${view.newest.length === 0 ? html`<p class="hint">${words.noneOf[this.#choice]}</p>` : nothing}
      <ul class="thumbs">
        ${repeat(
          view.newest,
          ({ id }) => id,
          (each) => thumbnail(view.station, each, { here: each.id === part?.id, withMap: this.#withMap, choose: () => this.#choose(each) }), // prettier-ignore
        )}
      </ul>
    </section>`
  }

  #untrained({ station, learns }: StationView): TemplateResult {
    return html`<section class="card untrained" aria-labelledby="untrained-title">
      <h2 id="untrained-title">${words.untrained}</h2>
      <p>${learns ? words.untrainedText : words.ownMissing}</p>
      ${learns ? html`<pre tabindex="0">${words.commands(station)}</pre>` : nothing}
      ${this.page.state.plant ? html`<p class="hint">${words.untrainedDemo}</p>` : nothing}
    </section>`
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
    const name = /^[1-9]$/.test(event.key) ? view.classes.at(Number(event.key) - 1) : undefined
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

/** What is wrong with the source of images, or with the link to the PLC that takes parts off the line. */
function troubles({ source, signal }: StationView): TemplateResult | typeof nothing {
  const notice = (status: StationView['source'], text: (message: string) => string) =>
    status.state === 'up' ? nothing : html`<p class="notice">${text(status.message)} ${status.remedy ?? ''}</p>`
  return html`${notice(source, words.source)} ${signal ? notice(signal, words.signal) : nothing}`
}
