import { html, nothing, svg, type TemplateResult } from 'lit'

const width = 120
const height = 32

/** The health of the last windows as a small line; the dashes are the threshold. */
export function sparkline(health: readonly (number | null)[], label: string): TemplateResult | typeof nothing {
  if (health.filter((value) => value !== null).length < 2) return nothing
  const step = width / Math.max(1, health.length - 1)
  let path = ''
  let pen = 'M'
  health.forEach((value, i) => {
    if (value === null) pen = 'M'
    else {
      path += `${pen}${(i * step).toFixed(1)} ${(height - 1 - value * (height - 2)).toFixed(1)}`
      pen = 'L'
    }
  })
  return html`<svg
    class="spark"
    viewBox="0 0 ${width} ${height}"
    preserveAspectRatio="none"
    role="img"
    aria-label=${label}
  >
    <path class="limit" d="M0 ${height / 2}H${width}" />
    <path class="line" d=${path} />
  </svg>`
}

/** A share as a bar; the number stands beside it. */
export function bar(share: number, kind = ''): TemplateResult {
  const length = Math.max(0, Math.min(1, share)) * 100
  return html`<svg class="bar ${kind}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<rect class="track" width="100" height="8" /><rect class="fill" width=${length.toFixed(1)} height="8" />`}
  </svg>`
}
