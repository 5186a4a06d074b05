import { html, nothing, svg, type TemplateResult } from 'lit'
import type { PartView, StationView } from '../../view/inspection-shapes.ts'
import { clock, figure, percent, sentence } from '../format.ts'
import { imageOf, mapOf } from '../inspection-api.ts'
import { sharesOf, type Level } from '../page.ts'
import { strings } from '../strings.ts'
import { badge, icon } from './icons.ts'

const words = strings.inspection

type Verdict = PartView['verdict']

const levels: Readonly<Record<Verdict, Level>> = {
  pass: 'good',
  fail: 'bad',
  operator: 'warn',
  incomplete: 'warn',
  unusable: 'unknown',
}

export function verdictBadge(verdict: Verdict): TemplateResult {
  return badge(levels[verdict], words.verdicts[verdict])
}

/** How images are shown: with the anomaly map over them, and whether the agent shows this browser any. */
export interface Showing {
  readonly withMap: boolean
  readonly allowed: boolean
}

/**
 * The image of a part, with its anomaly map over it where that is wanted. `shaped`: the frame takes the shape of the image
 * once that is there, else it is square.
 */
export function picture(
  station: string,
  part: PartView,
  { withMap, allowed }: Showing,
  shaped = false,
): TemplateResult {
  if (!part.image || !allowed)
    return html`<div class="shot empty"><span>${part.image ? words.guarded : words.noImage}</span></div>`
  return html`<div class="shot">
    <img src=${imageOf(station, part)} alt=${words.imageOf(part.part)} @load=${shaped ? shape : nothing} />
    ${withMap && part.map ? html`<img class="map" src=${mapOf(station, part)} alt="" />` : nothing}
  </div>`
}

function shape({ currentTarget }: Event): void {
  const { naturalWidth, naturalHeight, parentElement } = currentTarget as HTMLImageElement
  parentElement!.style.aspectRatio = `${naturalWidth} / ${naturalHeight}`
}

/** A part in the row of the newest ones. */
export function thumbnail(
  { station, images }: StationView,
  part: PartView,
  shown: Showing & { readonly here: boolean; readonly choose: () => void },
): TemplateResult {
  const { verdict, correction, reject } = part
  return html`<li>
    <button class="thumb ${levels[verdict]}" aria-pressed=${shown.here ? 'true' : 'false'} @click=${shown.choose}>
      ${images ? picture(station, part, shown) : nothing}
      <span class="thumb-foot">
        <span class="thumb-verdict">${icon(levels[verdict])}${words.short[verdict]}</span>
        <span class="part-id">${part.part}</span>
      </span>
      ${correction ? html`<span class="thumb-said">${words.said(correction.class)}</span>` : nothing}
      ${reject?.outcome === 'failed' ? html`<span class="thumb-said lost">${words.signalFailedShort}</span>` : nothing}
    </button>
  </li>`
}

/** The verdict on a part, and what led to it. */
export function conclusion(part: PartView, { images, model }: StationView): TemplateResult {
  const { verdict, reason, correction } = part
  return html`<div class="conclusion ${levels[verdict]}">
      ${icon(levels[verdict])}
      <div>
        <p class="conclusion-word">${words.verdicts[verdict]}</p>
        <p>${reason === '' ? words.noReason : sentence(reason)}</p>
      </div>
    </div>
    ${correction ? html`<p class="said">${icon('person')}${words.corrected(correction.class, correction.by)}</p>` : nothing}
    ${signal(part)} ${images ? score(part, model) : nothing} ${measuredScore(part)}`
}

/** What is known of a part: its measured values, with what is allowed. */
export function partValues(part: PartView, { limits }: StationView, now: number): TemplateResult {
  const measured = [...new Set([...Object.keys(limits), ...Object.keys(part.values)])]
  return html`<dl class="values part-values">
    <div>
      <dt>${words.part}</dt>
      <dd><strong>${part.part}</strong></dd>
    </div>
    <div>
      <dt>${words.taken}</dt>
      <dd>${clock(part.time, now)} <span class="unit">${words.took(figure(part.ms))}</span></dd>
    </div>
    ${measured.map((name) => measuredValue(name, part, limits))}
  </dl>`
}

/** What became of the signal to the PLC. */
function signal({ reject }: PartView): TemplateResult | typeof nothing {
  if (!reject) return nothing
  const { outcome, attempts, ms, detail } = reject
  return outcome === 'done'
    ? html`<p class="said">${icon('good')}${words.signalDone(figure(ms))}</p>`
    : html`<div class="signal-failed">
        <p class="said lost">${icon('bad')}${words.signalFailed(attempts)}</p>
        <p class="hint">${detail}</p>
      </div>`
}

/** A measured value with what is allowed; a value that never came is said to be missing. */
function measuredValue(name: string, { values, verdict }: PartView, limits: StationView['limits']): TemplateResult {
  const { min, max } = name in limits ? limits[name] : {}
  const value = name in values ? values[name] : undefined
  const outside = value !== undefined && (value < (min ?? -Infinity) || value > (max ?? Infinity))
  const missing = verdict === 'incomplete' ? words.valueMissing : strings.none
  return html`<div>
    <dt>${name} <span class="hint">${words.allowed(min, max)}</span></dt>
    <dd class=${outside ? 'lost' : ''}><strong>${value === undefined ? missing : figure(value)}</strong></dd>
  </div>`
}

/** The score on a scale: beyond the threshold is red. */
function score(part: PartView, model: StationView['model']): TemplateResult | typeof nothing {
  const { score, threshold, label } = part
  if (score === null) return nothing
  if (model?.concludes === 'classes') {
    return html`<div class="score">
      <div class="row between"><span>${label}</span><strong>${words.sure(percent(score))}</strong></div>
      ${scale(score, threshold, false)}
    </div>`
  }
  if (threshold === null) return nothing
  const beyond = score > threshold
  return html`<div class="score">
    <div class="row between">
      <span>${words.score} <strong>${figure(score)}</strong></span>
      <span class="hint">${words.threshold} ${figure(threshold)}</span>
    </div>
    ${scale(score / (2 * threshold), 0.5, beyond)}
  </div>`
}

/** What the model of the measured values says, and which of them weigh most. */
function measuredScore({ measured }: PartView): TemplateResult | typeof nothing {
  if (!measured || measured.score === null) return nothing
  const { score, threshold, contributions } = measured
  const causes = sharesOf(contributions).slice(0, 2).map(([name, share]) => `${name} ${percent(share)}`) // prettier-ignore
  return html`<div class="score">
    <div class="row between">
      <span>${words.measured} <strong>${figure(score)}</strong></span>
      <span class="hint">${words.threshold} ${figure(threshold)}</span>
    </div>
    ${scale(score / (2 * threshold), 0.5, score > threshold)}
    ${causes.length > 0 ? html`<p class="hint">${words.weighs(causes.join(', '))}</p>` : nothing}
  </div>`
}

/** `share` and `mark`: 0 to 1 of the scale. */
function scale(share: number, mark: number | null, beyond: boolean): TemplateResult {
  const length = Math.max(0, Math.min(1, share)) * 100
  return html`<svg
    class="bar scale ${beyond ? 'bad' : ''}"
    viewBox="0 0 100 8"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${svg`<rect class="track" width="100" height="8" /><rect class="fill" width=${length.toFixed(1)} height="8" />`}
    ${mark === null ? nothing : svg`<rect class="mark" x=${(mark * 100 - 0.4).toFixed(1)} width="0.8" height="8" />`}
  </svg>`
}
