import { html, svg, type TemplateResult } from 'lit'
import type { Level } from '../page.ts'

const shapes = {
  good: svg`<path d="M3.5 8.5l3 3 6-7" />`,
  bad: svg`<path d="M8 2.5l6 11H2z M8 6.5v3.2 M8 11.4v.4" />`,
  warn: svg`<path d="M8 2.2l5.8 5.8L8 13.8 2.2 8z M8 5.4v3 M8 10.3v.4" />`,
  unknown: svg`<path d="M6 6a2 2 0 1 1 3 1.8c-.8.5-1 .8-1 1.7 M8 11.8v.4" />`,
  learning: svg`<path d="M2.5 11.5l3-4 3 2.5 5-6.5" />`,
  overview: svg`<path d="M2.5 2.5h4.5v4.5h-4.5z M9 2.5h4.5v4.5h-4.5z M2.5 9h4.5v4.5h-4.5z M9 9h4.5v4.5h-4.5z" />`,
  alarms: svg`<path d="M4 11V7a4 4 0 0 1 8 0v4l1 1.2H3z M6.8 14h2.4" />`,
  actions: svg`<path d="M9 1.8L3.5 9H8l-1 5.2L12.5 7H8z" />`,
  models: svg`<path d="M8 2l5.5 3v6L8 14l-5.5-3V5z M2.5 5L8 8l5.5-3 M8 8v6" />`,
  inspection: svg`<path d="M2.5 5V2.5H5 M11 2.5h2.5V5 M13.5 11v2.5H11 M5 13.5H2.5V11 M8 10.6a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2z" />`,
  connections: svg`<path d="M6.5 9.5l3-3 M7.5 4.5l1.4-1.4a2.8 2.8 0 0 1 4 4L11.5 8.5 M8.5 11.5l-1.4 1.4a2.8 2.8 0 0 1-4-4L4.5 7.5" />`,
  theme: svg`<path d="M8 2.5a5.5 5.5 0 1 0 0 11z M8 2.5a5.5 5.5 0 0 1 0 11" />`,
  person: svg`<path d="M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8z M2.8 13.8c.5-2.6 2.6-4 5.2-4s4.7 1.4 5.2 4" />`,
  back: svg`<path d="M10 3L5 8l5 5" />`,
  forward: svg`<path d="M6 3l5 5-5 5" />`,
  plus: svg`<path d="M8 3.5v9 M3.5 8h9" />`,
  minus: svg`<path d="M3.5 8h9" />`,
  shelf: svg`<path d="M8 4.5V8l2.3 1.6 M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z" />`,
  close: svg`<path d="M4 4l8 8 M12 4l-8 8" />`,
} as const

export type IconName = keyof typeof shapes

/** A drawing that says nothing to a screen reader: the word stands beside it. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">${shapes[name]}</svg>`
}

/** Form and word beside the colour, for whoever does not see the colour. */
export function badge(level: Level | 'muted', text: string, shape: IconName = level === 'muted' ? 'minus' : level) {
  return html`<span class="badge ${level}">${icon(shape)}${text}</span>`
}
