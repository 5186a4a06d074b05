import { html, type PropertyValues, type TemplateResult } from 'lit'
import uPlot from 'uplot'
import { clock, figure } from '../format.ts'
import { strings } from '../strings.ts'
import { extentOf, thinned, type ChartModel } from './chart-model.ts'
import { chartOptions, colours } from './chart-options.ts'
import { drawMarks, drawQuality } from './chart-marks.ts'
import { PageElement } from './element.ts'

/** A trend. Tells with `zoom` which range was dragged over. */
export class Chart extends PageElement {
  static override properties = { model: { attribute: false }, theme: { attribute: false } }
  declare model: ChartModel
  declare theme: string
  #plot: uPlot | undefined
  /** The model in no more points than the plot has pixels. */
  #drawn: ChartModel | undefined
  #size: ResizeObserver | undefined
  /** Somebody drags over a range: what is new is shown when they let go. */
  #dragged = false

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#size?.disconnect()
    this.#drop()
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#size = new ResizeObserver(() => this.#resize())
    this.#size.observe(this)
  }

  protected override render(): TemplateResult {
    const { name, unit } = this.model
    const extent = extentOf(this.model)
    const [low, high, last] = extent ? [extent.low, extent.high, extent.last].map(figure) : ['', '', '']
    const label = extent ? strings.chart(name, unit, low, high, last) : strings.chartEmpty(name)
    return html`<div class="chart-head">
        <h3>${name}</h3>
        <p class="reading">
          <output class="at"></output>
          ${extent ? html`<strong>${last}</strong> <span class="unit">${unit}</span>` : strings.none}
        </p>
      </div>
      <div class="plot" role="img" aria-label=${label}></div>`
  }

  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get('model')
    const same = before !== undefined && kindOf(before) === kindOf(this.model)
    if (changed.has('theme') || !same) this.#drop()
    if (!this.#plot) this.#make()
    else if (!this.#dragged) this.#show(this.#plot)
  }

  #drag(): void {
    this.#dragged = true
    const end = () => {
      this.#dragged = false
      if (this.#plot) this.#show(this.#plot)
    }
    // After the plot itself has heard of it.
    document.addEventListener('mouseup', () => setTimeout(end), { once: true })
  }

  #make(): void {
    const box = this.querySelector<HTMLElement>('.plot')!
    const { clientWidth: width, clientHeight: height } = box
    if (width === 0) return
    const colour = colours(this)
    const hooks: uPlot.Hooks.Arrays = {
      draw: [(plot) => drawQuality(plot, this.#drawn!, colour), (plot) => drawMarks(plot, this.#drawn!, colour)],
      setCursor: [(plot) => this.#point(plot)],
      setSelect: [(plot) => this.#select(plot)],
    }
    const stepped = this.model.stepped ? uPlot.paths.stepped!({ align: 1 }) : undefined
    this.#plot = new uPlot(chartOptions(this.model, { width, height }, colour, hooks, stepped), [[]], box)
    this.#plot.over.addEventListener('mousedown', () => this.#drag())
    this.#show(this.#plot)
  }

  #show(plot: uPlot): void {
    this.#drawn = thinned(this.model, Math.floor(plot.bbox.width / devicePixelRatio) || plot.width)
    const { times, min, max, threshold, from, to } = this.#drawn
    plot.batch(() => {
      plot.setData([times, min, max, threshold], false)
      plot.setScale('x', { min: from, max: to })
    })
  }

  #point({ cursor }: uPlot): void {
    const { times, min, max } = this.#drawn!
    const at = cursor.idx
    const value = at === null || at === undefined ? undefined : max[at]
    const output = this.querySelector('output')!
    if (typeof value !== 'number') output.textContent = ''
    else {
      const low = min[at!] ?? value
      const range = figure(low) === figure(value) ? figure(value) : `${figure(low)} … ${figure(value)}`
      output.textContent = `${clock(times[at!] * 1_000)}: ${range}`
    }
  }

  #select(plot: uPlot): void {
    const { left, width } = plot.select
    if (width < 6) return
    const [from, to] = [left, left + width].map((place) => plot.posToVal(place, 'x') * 1_000)
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
    this.dispatchEvent(new CustomEvent('zoom', { detail: { from, to }, bubbles: true }))
  }

  #resize(): void {
    const box = this.querySelector<HTMLElement>('.plot')
    if (!box || box.clientWidth === 0) return
    if (!this.#plot) this.#make()
    else if (this.#plot.width !== box.clientWidth || this.#plot.height !== box.clientHeight)
      this.#resized(this.#plot, box)
  }

  #resized(plot: uPlot, { clientWidth: width, clientHeight: height }: HTMLElement): void {
    plot.setSize({ width, height })
    this.#show(plot)
  }

  #drop(): void {
    this.#plot?.destroy()
    this.#plot = undefined
  }
}

customElements.define('mw-chart', Chart)

/** A plot can show any data, but is made for one kind of it. */
function kindOf({ stepped, tone, logarithmic }: ChartModel): string {
  return [stepped, tone, logarithmic].join()
}
