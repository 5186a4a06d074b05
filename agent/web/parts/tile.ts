import { html, nothing, type TemplateResult } from 'lit'
import { nameOf, percent } from '../format.ts'
import type { Glance } from '../page.ts'
import { assetLink } from '../route.ts'
import { strings } from '../strings.ts'
import { sparkline } from './graphics.ts'
import { badge } from './icons.ts'

/** One machine at a glance: its health large enough for three metres, and what the trouble is. */
export function tile({ asset, level, monitor, alarm }: Glance, health: readonly (number | null)[]): TemplateResult {
  const { name, place } = nameOf(asset.name)
  const value = monitor?.state === 'learning' ? monitor.progress : monitor?.health
  const words = monitor ? strings.state[monitor.state] : strings.noMonitor
  const [cause] = Object.keys(alarm?.contributions ?? monitor?.contributions ?? {})
  const troubled = level === 'bad' || level === 'warn'
  return html`<li>
    <a class="tile ${level}" href=${assetLink(asset.name)}>
      <span class="tile-head">
        <span class="tile-name"><span class="place">${place}</span><strong>${name}</strong></span>
        ${badge(level, alarm ? strings.alarm.short[alarm.state] : words)}
      </span>
      <span class="tile-body">
        <span class="big">${typeof value === 'number' ? percent(value) : strings.none}</span>
        ${sparkline(health, strings.healthOf(asset.name))}
      </span>
      <span class="tile-foot">${
        troubled && cause !== undefined
          ? html`${strings.because} <strong>${cause}</strong>`
          : monitor?.detail !== undefined
            ? monitor.detail
            : monitor?.state === 'learning'
              ? strings.state.learning
              : monitor
                ? strings.health
                : nothing
      }</span>
    </a>
  </li>`
}
