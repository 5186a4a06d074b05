import { html, nothing, type TemplateResult } from 'lit'
import type { AlarmView } from '../../view/shapes.ts'
import { clock, figure, percent, span } from '../format.ts'
import { isShelved, sharesOf, type Level, type Page } from '../page.ts'
import { assetLink } from '../route.ts'
import { strings } from '../strings.ts'
import { icon, badge } from './icons.ts'

const levels: Readonly<Record<AlarmView['state'], Level>> = {
  raised: 'bad',
  acknowledged: 'warn',
  cleared: 'warn',
  normal: 'good',
}

/** An alarm in one line, with the one thing an operator does first. */
export function alarmLine(alarm: AlarmView, page: Page): TemplateResult {
  const { state, operator } = page
  const shelved = isShelved(alarm, state.time)
  return html`<li class="alarm-line">
    <div>
      ${assetName(alarm.asset, page)}
      ${shelved ? badge('muted', strings.alarm.short.shelved, 'shelf') : badge(levels[alarm.state], strings.alarm.short[alarm.state])}
    </div>
    <p class="hint">${causes(alarm, 2)} · ${strings.ago(span(state.time - alarm.raised))}</p>
    ${
      alarm.state === 'acknowledged' || shelved || !operator.may(acknowledging)
        ? nothing
        : html`<button @click=${() => void acknowledge(alarm, operator)}>
            ${icon('good')}${strings.alarm.acknowledge}<span class="unseen">${alarm.asset}</span>
          </button>`
    }
  </li>`
}

/** The name of what an alarm is of, with the way to it where it is a machine: the gateway itself is none. */
export function assetName(asset: string, { state }: Pick<Page, 'state'>): TemplateResult {
  const isMachine = state.assets.some(({ name }) => name === asset)
  return isMachine
    ? html`<a class="strong" href=${assetLink(asset)}>${asset}</a>`
    : html`<span class="strong">${asset}</span>`
}

/** The operation of the API behind `acknowledge`. */
export const acknowledging = 'POST /api/alarms/:alarm/acknowledge'

export function acknowledge({ id, asset }: AlarmView, operator: Page['operator']): Promise<void> {
  return operator.act(`/api/alarms/${encodeURIComponent(id)}/acknowledge`, {}, strings.alarm.acknowledged(asset))
}

/** `vibration 64 %, current 21 %`, or what no model raised in its own words. */
export function causes({ contributions, detail }: Pick<AlarmView, 'contributions' | 'detail'>, most: number): string {
  if (detail !== undefined) return detail
  return sharesOf(contributions)
    .slice(0, most)
    .map(([role, share]) => `${role} ${percent(share)}`)
    .join(', ')
}

/** State, since when, how far beyond, by whom. */
export function alarmFacts(alarm: AlarmView, now: number): string {
  const words = strings.alarm
  const parts = [
    words.states[alarm.state],
    words.raised(clock(alarm.raised), strings.ago(span(now - alarm.raised))),
    alarm.detail ?? words.score(figure(alarm.score / alarm.threshold)),
    ...(alarm.by === undefined ? [] : [words.by(alarm.by)]),
  ]
  return parts.join(' · ')
}
