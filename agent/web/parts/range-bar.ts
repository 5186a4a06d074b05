import { html, type TemplateResult } from 'lit'
import { clock } from '../format.ts'
import { spans, type Range } from '../range.ts'
import { strings } from '../strings.ts'
import { icon, type IconName } from './icons.ts'

/** What the charts show: how long, until when; earlier, later, closer, wider. */
export function rangeBar(range: Range, now: number): TemplateResult {
  const words = strings.range
  const end = range.end ?? now
  const button = (name: IconName, label: string, action: () => void, disabled = false) =>
    html`<button class="round" aria-label=${label} title=${label} ?disabled=${disabled} @click=${action}>
      ${icon(name)}
    </button>`
  return html`<div class="range" role="group" aria-label=${words.label}>
    <div class="segments">
      ${spans.map(
        ([name, length]) =>
          html`<button
            aria-pressed=${range.live && range.length === length ? 'true' : 'false'}
            @click=${() => range.follow(length)}
          >
            ${name}
          </button>`,
      )}
      <button @click=${() => range.all(now)}>${words.all}</button>
    </div>
    <div class="row">
      ${button('back', words.earlier, () => range.pan(-0.5))}
      ${button('forward', words.later, () => range.pan(0.5), range.live)}
      ${button('plus', words.closer, () => range.zoom(0.5))} ${button('minus', words.wider, () => range.zoom(2))}
      ${
        range.live
          ? html`<span class="badge live"><span class="dot"></span>${words.live}</span>`
          : html`<button class="primary small" @click=${() => range.follow()}>${words.follow}</button>`
      }
    </div>
    <p class="hint">${words.shown(clock(end - range.length, now), clock(end, now))}</p>
  </div>`
}
