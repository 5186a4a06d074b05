import { html, nothing, type TemplateResult } from 'lit'
import { clock } from '../format.ts'
import type { Live } from '../live.ts'
import type { Page } from '../page.ts'
import type { Route } from '../route.ts'
import type { Operator } from '../session.ts'
import { strings } from '../strings.ts'
import { theme } from '../theme.ts'
import { icon } from './icons.ts'

const views = ['overview', 'alarms', 'actions', 'models', 'inspection', 'connections'] as const

/** Where one is, whether it is live, who operates it. */
export function header(page: Page | undefined, live: Live, operator: Operator, nextTheme: () => void): TemplateResult {
  const { live: words, session } = strings
  const connected = live.connected ? words.on : live.state ? words.off : words.connecting
  const who = operator.loggedIn ? operator.name || session.anonymous : session.open
  return html`<header>
    <a class="brand" href="#/overview">
      <img src="/icon.svg" alt="" width="30" height="30" />
      <span>${strings.product}</span>
      ${page ? html`<span class="site">${page.state.site}</span>` : nothing}
    </a>
    ${page?.state.plant ? html`<span class="badge simulated" title=${strings.simulation.text}>${strings.simulation.label}</span>` : nothing}
    <span class="space"></span>
    <p class="badge ${live.connected ? 'live' : live.state ? 'bad' : 'muted'}" role="status">
      <span class="dot"></span>${connected}
    </p>
    <button
      class="quiet round"
      @click=${nextTheme}
      aria-label=${strings.theme[theme()]}
      title=${strings.theme[theme()]}
    >
      ${icon('theme')}
    </button>
    <button
      class="quiet who"
      @click=${() => operator.ask()}
      title=${operator.loggedIn ? session.as(who) : session.open}
    >
      ${icon('person')}<span>${who}${operator.known.role === undefined ? '' : ` · ${operator.known.role}`}</span>
    </button>
  </header>`
}

export function navigation(page: Page | undefined, route: Route): TemplateResult {
  const open = page?.state.alarms.length ?? 0
  const pending = page?.state.connections.filter(({ status }) => status.state !== 'up').length ?? 0
  const counts: Readonly<Record<string, number>> = {
    alarms: open,
    actions: page?.state.actions?.proposals ?? 0,
    connections: pending,
  }
  return html`<nav aria-label=${strings.navigation}>
    ${views.map((view) => {
      if (view === 'actions' && !page?.state.actions) return nothing
      if (view === 'inspection' && !page?.state.stations?.length) return nothing
      const here = route.view === view || (view === 'overview' && route.view === 'asset')
      const count = counts[view] ?? 0
      return html`<a href="#/${view}" aria-current=${here ? 'page' : nothing}>
        ${icon(view)}<span>${strings.views[view]}</span>
        ${count > 0 ? html`<span class="count ${view}"><span aria-hidden="true">${count}</span><span class="unseen">${strings.openAlarms(count)}</span></span>` : nothing}
      </a>`
    })}
  </nav>`
}

/** What has to be known before anything else: the agent is gone, an action failed. */
export function notices(page: Page | undefined, live: Live, operator: Operator): TemplateResult {
  const { note } = operator
  return html`${page && !live.connected ? html`<p class="notice bad" role="alert">${strings.stale(clock(live.heard))}</p>` : nothing}
    ${page?.state.leftOut?.map((words) => html`<p class="notice bad" role="alert">${words}</p>`)}
    <div class="toast-place" role="status">
      ${
        note
          ? html`<p class="toast ${note.bad ? 'bad' : ''}">
              <span>${note.text}</span>
              <button class="quiet round" @click=${() => operator.say('')} aria-label=${strings.dismiss}>
                ${icon('close')}
              </button>
            </p>`
          : nothing
      }
    </div>`
}
