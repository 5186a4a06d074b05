import { html, nothing, type TemplateResult } from 'lit'
import type { MonitorState } from '../../view/shapes.ts'
import { clock, nameOf, percent } from '../format.ts'
import { sharesOf, type Glance } from '../page.ts'
import { assetLink } from '../route.ts'
import { strings } from '../strings.ts'
import { sparkline } from './graphics.ts'
import { badge } from './icons.ts'

/** One machine at a glance: its health large enough for three metres, and what the trouble is. */
export function tile({ asset, level, monitor, alarm }: Glance, health: readonly (number | null)[]): TemplateResult {
  const { name, place } = nameOf(asset.name)
  const value = monitor?.state === 'learning' ? monitor.progress : monitor?.health
  const words = monitor ? strings.state[monitor.state] : strings.noMonitor
  const [cause] = sharesOf(alarm?.contributions ?? monitor?.contributions ?? {}).at(0) ?? []
  const troubled = level === 'bad' || level === 'warn'
  return html`<li>
    <a class="tile ${level}" href=${assetLink(asset.name)}>
      <span class="tile-name"><span class="place">${place}</span><strong>${name}</strong></span>
      <span class="tile-body">
        <span class="big">${typeof value === 'number' ? percent(value) : strings.none}</span>
        ${sparkline(health, strings.healthOf(asset.name))}
      </span>
      <span class="tile-foot">
        ${badge(level, alarm ? strings.alarm.short[alarm.state] : words)}
        <span
          >${
            troubled && monitor?.label !== undefined && !alarm
              ? html`<strong>${monitor.label}</strong>`
              : troubled && cause !== undefined
                ? html`${strings.because} <strong>${cause}</strong>`
                : note(monitor)
          }</span
        >
      </span>
    </a>
  </li>`
}

function note(monitor: MonitorState | undefined): string | typeof nothing {
  if (monitor?.stale) return strings.noNews(monitor.time === null ? undefined : clock(monitor.time))
  if (monitor?.detail !== undefined) return monitor.detail
  return monitor?.state === 'learning' ? strings.collected : nothing
}
