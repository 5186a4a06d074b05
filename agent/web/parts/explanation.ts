import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { AlarmView, History } from '../../view/shapes.ts'
import { get } from '../api.ts'
import { clock, figure, percent } from '../format.ts'
import { sharesOf } from '../page.ts'
import { strings } from '../strings.ts'
import { PageElement } from './element.ts'
import { bar } from './graphics.ts'

/** How far back a comparable window is looked for: roughly, then closely for a model that is still young; ms. */
const lookBacks = [3_600_000, 400_000]
const buckets = 400
/** Length of what is compared, ms. */
const compared = 20_000
/** ms until a history that was refused is asked for again. */
const again = 3_000

interface Comparison {
  /** End of the earlier window, ms since epoch. */
  readonly earlier: number
  readonly then: History
  readonly now: History
}

/** Why there is an alarm: each signal's share, and what it was when the machine last ran as learned. */
class Explanation extends PageElement {
  static override properties = { alarm: { attribute: false } }
  declare alarm: AlarmView
  #of = ''
  #comparison: Comparison | 'none' | undefined

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed)
    if (this.#of === this.alarm.id) return
    this.#of = this.alarm.id
    this.#comparison = undefined
    void this.#compare(this.alarm)
  }

  protected override render(): TemplateResult {
    const words = strings.asset
    const found = typeof this.#comparison === 'object' ? this.#comparison : undefined
    return html`<section class="card" aria-labelledby="why-title">
      <h2 id="why-title">${words.why}</h2>
      <p class="hint">${words.whyHint}</p>
      <table class="why">
        <thead>
          <tr>
            <th scope="col">${words.signal}</th>
            <th scope="col" class="number">${words.share}</th>
            ${
              found
                ? html`<th scope="col" class="number">${words.atAlarm}</th>
                    <th scope="col" class="number">${words.earlier(clock(found.earlier))}</th>`
                : nothing
            }
          </tr>
        </thead>
        <tbody>
          ${sharesOf(this.alarm.contributions).map(
            ([role, share]) =>
              html`<tr>
                <th scope="row">${role}${bar(share, 'bad')}</th>
                <td class="number">${percent(share)}</td>
                ${
                  found
                    ? html`<td class="number">${typical(found.now, role)}</td>
                        <td class="number">${typical(found.then, role)}</td>`
                    : nothing
                }
              </tr>`,
          )}
        </tbody>
      </table>
      ${found ? nothing : html`<p class="hint">${this.#comparison === 'none' ? words.noEarlier : words.comparing}</p>`}
    </section>`
  }

  async #compare(alarm: AlarmView): Promise<void> {
    let comparison: Comparison | 'none'
    try {
      comparison = await comparisonOf(alarm)
    } catch {
      // The charts say what is wrong with the history.
      setTimeout(() => this.isConnected && this.#of === alarm.id && void this.#compare(alarm), again)
      return
    }
    if (this.#of !== alarm.id) return
    this.#comparison = comparison
    this.requestUpdate()
  }
}

/** The machine at the alarm beside what it was when it last ran as learned. Rejects with an ApiError. */
async function comparisonOf({ asset, monitor, raised }: AlarmView): Promise<Comparison | 'none'> {
  const read = (from: number, to: number, points: number) =>
    get<History>(
      `/api/history?${new URLSearchParams({ asset, from: `${from}`, to: `${to}`, points: `${points}` }).toString()}`,
    )
  for (const lookBack of lookBacks) {
    const earlier = calmest(await read(raised - lookBack, raised, buckets), monitor)
    if (earlier === undefined) continue
    const then = await read(earlier - compared, earlier, 50)
    return { earlier, then, now: await read(raised - compared / 2, raised + compared / 2, 50) }
  }
  return 'none'
}

customElements.define('mw-explanation', Explanation)

/** End of the bucket in which the machine was most as it was learned; undefined where it never was under the threshold. */
export function calmest({ from, step, scores }: History, monitor: string): number | undefined {
  const own = scores.find((each) => each.monitor === monitor)
  let least = 1
  let place: number | undefined
  own?.max.forEach((score, i) => {
    const limit = own.threshold[i]
    if (score === null || limit === null || score / limit >= least) return
    least = score / limit
    place = i
  })
  return place === undefined ? undefined : from + (place + 1) * step
}

/** The middle of what a signal was, with its unit. */
function typical({ tags }: History, role: string): string {
  const tag = tags.find((each) => each.role === role)
  const middles = tag?.max.flatMap((high, i) => (high === null ? [] : [(high + (tag.min[i] ?? high)) / 2])) ?? []
  if (middles.length === 0) return strings.none
  const mean = middles.reduce((sum, value) => sum + value, 0) / middles.length
  return `${figure(mean)} ${tag?.unit ?? ''}`
}
