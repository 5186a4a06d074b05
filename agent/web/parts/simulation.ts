import { html, nothing, type TemplateResult } from 'lit'
import { percent } from '../format.ts'
import type { Page } from '../page.ts'
import { strings } from '../strings.ts'

/** The demo: break a machine and mend it. Nothing where no simulated plant is attached. */
export function simulation(page: Page, only?: string): TemplateResult | typeof nothing {
  const { plant, assets } = page.state
  if (!plant || !page.operator.may('POST /api/plant/inject')) return nothing
  const words = strings.simulation
  const machines = plant.assets.filter(({ name }) => only === undefined || name === only)
  const [first] = machines
  if (!(first as typeof first | undefined)) return nothing
  const learning = assets.some(({ monitors }) => monitors.some(({ state }) => state === 'learning'))
  const active = plant.active.filter(({ asset }) => only === undefined || asset === only)
  return html`<section aria-labelledby="simulation-title" class="card simulation">
    <h2 id="simulation-title">${words.title}</h2>
    <p class="hint">${learning ? words.waiting : words.hint}</p>
    <form class="row" @submit=${(event: SubmitEvent) => inject(event, page)}>
      <label class="grow">
        <span class="unseen">${words.fault}</span>
        <select name="fault">
          ${machines.map(
            ({ name, faults }) =>
              html`<optgroup label=${name}>
                ${faults.map((fault) => html`<option value=${JSON.stringify([name, fault.name])}>${only === undefined ? `${name}: ` : ''}${fault.title}</option>`)}
              </optgroup>`,
          )}
        </select>
      </label>
      <button>${words.inject}</button>
    </form>
    ${active.map(({ asset, fault, severity }) => {
      const title = plant.assets.find(({ name }) => name === asset)?.faults.find(({ name }) => name === fault)?.title
      return html`<div class="row between">
        <span><strong>${asset}</strong>: ${words.active(title ?? fault, percent(severity))}</span>
        <button class="small" @click=${() => void repair(asset, page)}>
          ${words.repair}<span class="unseen">${asset}</span>
        </button>
      </div>`
    })}
  </section>`
}

function inject(event: SubmitEvent, { operator }: Page): void {
  event.preventDefault()
  const chosen = new FormData(event.target as HTMLFormElement).get('fault') as string
  const [asset, fault] = JSON.parse(chosen) as [string, string]
  void operator.act('/api/plant/inject', { asset, fault }, strings.simulation.injected(asset))
}

function repair(asset: string, { operator }: Page): Promise<void> {
  return operator.act('/api/plant/repair', { asset }, strings.simulation.repaired(asset))
}
