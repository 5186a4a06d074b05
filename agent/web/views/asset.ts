import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { AlarmView, AssetState, History, MonitorState } from '../../view/shapes.ts'
import { clock, figure, nameOf, percent, span } from '../format.ts'
import { glanceOf, sharesOf, type Page } from '../page.ts'
import { alarmLine } from '../parts/alarm-line.ts'
import { tagModel } from '../parts/chart-model.ts'
import '../parts/chart.ts'
import { PageElement } from '../parts/element.ts'
import '../parts/explanation.ts'
import { bar } from '../parts/graphics.ts'
import { badge, icon } from '../parts/icons.ts'
import { conclusionModels, monitorFigures } from '../parts/monitor-figures.ts'
import { rangeBar } from '../parts/range-bar.ts'
import { simulation } from '../parts/simulation.ts'
import { Range } from '../range.ts'
import { wordsOf } from '../session.ts'
import { strings } from '../strings.ts'
import { shownTheme } from '../theme.ts'

/** One machine: how it is, why, and its trends over the whole journal. */
class Asset extends PageElement {
  static override properties = { page: { attribute: false } }
  declare page: Page
  readonly #range = new Range(() => this.requestUpdate())
  #name = ''

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#range.stop()
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed)
    const { detail: asset } = this.page.route
    if (this.#name === asset) return
    this.#name = asset
    void this.updateComplete.then(() => this.#range.start(asset, () => this.#width()))
  }

  protected override render(): TemplateResult {
    const { state, route } = this.page
    const asset = state.assets.find(({ name }) => name === route.detail)
    if (!asset)
      return html`${back()}
        <h1>${strings.asset.missing(route.detail)}</h1>`
    const glance = glanceOf(asset, state.alarms, state.time)
    const alarms = state.alarms.filter((alarm) => alarm.asset === asset.name)
    const { name, place } = nameOf(asset.name)
    const { monitor, level } = glance
    return html`${back()}
      <div class="asset-head ${level}">
        <div>
          <p class="place">${place}</p>
          <h1>${name}</h1>
          ${badge(level, monitor ? strings.state[monitor.state] : strings.noMonitor)}
        </div>
        <div class="asset-monitors">${asset.monitors.map(monitorFigures)}</div>
      </div>
      <div class="asset">
        <section aria-labelledby="trends-title" class="trends">
          <h2 id="trends-title" class="unseen">${strings.asset.signals}</h2>
          ${rangeBar(this.#range, state.time)} ${this.#charts(asset)}
        </section>
        <div class="side">
          ${
            alarms.length > 0
              ? html`<section class="card" aria-labelledby="own-alarms">
                  <h2 id="own-alarms">${strings.alarm.title}</h2>
                  <ul class="lines">
                    ${alarms.map((alarm) => alarmLine(alarm, this.page))}
                  </ul>
                </section>`
              : nothing
          }
          ${this.#why(asset, alarms)} ${now(asset, state.time)} ${simulation(this.page, asset.name)}
        </div>
      </div>`
  }

  /** Of the widest chart there is, px: one bucket for each. */
  #width(): number {
    return (this.querySelector('.trends')?.clientWidth ?? 600) - 90
  }

  #charts(asset: AssetState): TemplateResult {
    const { history, error } = this.#range
    if (error) return html`<p class="notice bad" role="alert">${strings.range.failed} ${wordsOf(error)}</p>`
    if (!history) return html`<p class="hint" role="status">${strings.range.loading}</p>`
    const theme = shownTheme()
    const zoom = (event: CustomEvent<{ from: number; to: number }>) =>
      this.#range.show(event.detail.from, event.detail.to)
    const texts = new Set(asset.tags.flatMap(({ tag, value }) => (typeof value === 'string' ? [tag] : [])))
    return html` ${history.share < 0.995 ? html`<p class="hint">${strings.range.share(percent(Math.max(0.01, history.share)))}</p>` : nothing}
      <div
        class="charts"
        tabindex="0"
        role="group"
        aria-label=${strings.range.keys}
        @zoom=${zoom}
        @keydown=${(event: KeyboardEvent) => this.#range.key(event)}
      >
        ${conclusionModels(history).map(
          (model) => html`<div class="card chart wide"><mw-chart .model=${model} .theme=${theme}></mw-chart></div>`,
        )}
        ${history.tags.map((tag, place) =>
          texts.has(tag.tag)
            ? nothing
            : html`<div class="card chart">
                <mw-chart .model=${tagModel(history, place, 'trend')} .theme=${theme}></mw-chart>
              </div>`,
        )}
      </div>
      ${legend(history)}`
  }

  #why(asset: AssetState, alarms: readonly AlarmView[]): TemplateResult | typeof nothing {
    const alarm = alarms.at(0)
    if (alarm) return html`<mw-explanation .alarm=${alarm}></mw-explanation>`
    const monitor = asset.monitors.find(({ health }) => health !== null && health < 0.5)
    return monitor
      ? html`<section class="card" aria-labelledby="shares-title">
          <h2 id="shares-title">${strings.asset.whyNot}</h2>
          ${shares(monitor.contributions)}
        </section>`
      : nothing
  }
}

customElements.define('mw-asset', Asset)

function back(): TemplateResult {
  return html`<a class="back" href="#/overview">${icon('back')}${strings.asset.back}</a>`
}

function shares(contributions: MonitorState['contributions']): TemplateResult {
  return html`<ul class="shares">
    ${sharesOf(contributions).map(
      ([role, share]) =>
        html`<li><span>${role}</span><span class="number">${percent(share)}</span>${bar(share, 'accent')}</li>`,
    )}
  </ul>`
}

/** The newest value of every tag. */
function now({ tags }: AssetState, at: number): TemplateResult {
  return html`<section class="card" aria-labelledby="now-title">
    <h2 id="now-title">${strings.asset.now}</h2>
    <dl class="values">
      ${tags.map(({ role, value, unit, quality, time, stale }) => {
        const text = typeof value === 'number' ? figure(value) : value === null ? strings.none : String(value)
        return html`<div title=${time === null ? '' : clock(time)}>
          <dt>${role}</dt>
          <dd>
            <strong>${text}</strong>
            <span class="unit">${unit}</span>
            ${quality === 0 ? nothing : badge(quality === 1 ? 'warn' : 'bad', strings.quality[quality])}
            ${stale && time !== null ? badge('warn', strings.old(span(at - time))) : nothing}
          </dd>
        </div>`
      })}
    </dl>
  </section>`
}

/** Only what is to be seen in the range. */
function legend({ tags, marks }: History): TemplateResult | typeof nothing {
  const qualities = new Set(tags.flatMap(({ quality }) => quality))
  const items = [
    ...(qualities.has(1) ? [['warn', strings.legend.uncertain]] : []),
    ...(qualities.has(2) ? [['bad', strings.legend.bad]] : []),
    ...(marks.some(({ kind }) => kind === 'gap') ? [['gap', strings.legend.gap]] : []),
  ]
  if (items.length === 0) return nothing
  return html`<ul class="legend">
    ${items.map(([kind, text]) => html`<li><span class="swatch ${kind}"></span>${text}</li>`)}
  </ul>`
}
