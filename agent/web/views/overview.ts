import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { bytes, count, percent, rate, span } from '../format.ts'
import { glances, isShelved, sharesOf, type Glance, type Page } from '../page.ts'
import { alarmLine } from '../parts/alarm-line.ts'
import { bar } from '../parts/graphics.ts'
import { icon, type IconName } from '../parts/icons.ts'
import { simulation } from '../parts/simulation.ts'
import { tile } from '../parts/tile.ts'
import { inspectionLink } from '../route.ts'
import { strings } from '../strings.ts'

/** Tiles drawn at most; trouble comes first. */
const mostTiles = 240
/** Alarms listed at most; the others are on their own view. */
const mostAlarms = 5

/** Machines in trouble that are named at the top. */
const mostNamed = 3

/** The plant in one look: how it is, what is wrong, what the agent does. */
export function overview(page: Page): TemplateResult {
  const all = glances(page.state)
  const open = page.state.alarms.filter((alarm) => !isShelved(alarm, page.state.time))
  const health = new Map(page.trends.map(({ asset, monitor, health }) => [`${monitor}\n${asset}`, health]))
  const trend = ({ asset, monitor }: Glance) => health.get(`${monitor?.monitor ?? ''}\n${asset.name}`) ?? []
  return html`${verdict(page, all)}
    <div class="overview">
      <section class="machines" aria-labelledby="machines-title">
        <h2 id="machines-title">${strings.machines}</h2>
        ${all.length === 0 ? html`<p class="hint">${strings.noMachines}</p>` : nothing}
        <ul class="tiles">
          ${repeat(
            all.slice(0, mostTiles),
            ({ asset }) => asset.name,
            (glance) => tile(glance, trend(glance)),
          )}
        </ul>
      </section>
      <div class="side">
        <section aria-labelledby="alarms-title" class="card">
          <div class="row between">
            <h2 id="alarms-title">${strings.alarm.title}</h2>
            <a href="#/alarms">${strings.allAlarms}</a>
          </div>
          ${open.length === 0 ? html`<p class="hint">${strings.noAlarms}</p>` : nothing}
          <ul class="lines">
            ${repeat(
              open.slice(0, mostAlarms),
              ({ id }) => id,
              (alarm) => alarmLine(alarm, page),
            )}
          </ul>
        </section>
        ${inspections(page)} ${simulation(page)}
      </div>
      <div class="below">${doing(page)} ${figures(page)}</div>
    </div>`
}

function verdict({ state }: Page, all: readonly Glance[]): TemplateResult {
  const words = strings.verdict
  const of = (...wanted: string[]) => all.filter(({ level }) => wanted.includes(level)).length
  const troubles = all.slice(0, mostNamed).flatMap(({ level, asset, alarm }) => {
    const [cause] = sharesOf(alarm?.contributions ?? {}).at(0) ?? []
    return level === 'bad' && cause !== undefined ? [words.mostly(asset.name, cause)] : []
  })
  const signals = state.assets.reduce((sum, { tags }) => sum + tags.length, 0)
  const [level, shape, text]: [string, IconName, string] =
    of('bad') > 0
      ? ['bad', 'bad', words.trouble(of('bad'))]
      : !state.ready.ok
        ? ['warn', 'warn', words.notReady]
        : of('warn') > 0
          ? ['warn', 'warn', words.acknowledged(of('warn'))]
          : all.length === 0
            ? ['learning', 'learning', words.empty]
            : of('learning', 'unknown') === all.length
              ? ['learning', 'learning', words.learning]
              : ['good', 'good', words.calm]
  return html`<div class="verdict ${level}">
    ${icon(shape)}
    <div>
      <h1>${text}</h1>
      <p>
        ${troubles.length > 0 ? troubles.join('; ') : state.ready.ok ? words.summary(all.length, signals) : state.ready.reasons.join('; ')}
      </p>
    </div>
  </div>`
}

/** One line per monitor: collecting, training, watching. */
function doing({ state }: Page): TemplateResult {
  const words = strings.doing
  const monitors = new Map(
    state.assets.flatMap(({ monitors }) => monitors.map((monitor) => [monitor.monitor, monitor] as const)),
  )
  const watched = (name: string) =>
    state.assets.filter(({ monitors }) => monitors.some(({ monitor }) => monitor === name)).length
  return html`<section aria-labelledby="doing-title" class="card">
    <h2 id="doing-title">${words.title}</h2>
    ${monitors.size === 0 ? html`<p class="hint">${words.none}</p>` : nothing}
    <ul class="lines">
      ${[...monitors.values()].map(({ monitor, state, detail, progress = 0 }) => {
        const learning = state === 'learning'
        const text = !learning
          ? words.watching(watched(monitor))
          : detail === 'training'
            ? words.training
            : words.collecting(percent(progress))
        return html`<li>
          <div class="row between"><strong>${monitor}</strong><span class="hint">${text}</span></div>
          ${learning ? bar(progress) : nothing}
        </li>`
      })}
    </ul>
  </section>`
}

/** One line per station: how many of the newest parts fail. */
function inspections({ state: { stations = [] } }: Page): TemplateResult | typeof nothing {
  if (stations.length === 0) return nothing
  const words = strings.inspection
  return html`<section aria-labelledby="inspections-title" class="card">
    <div class="row between">
      <h2 id="inspections-title">${words.title}</h2>
      <a href="#/inspection">${words.all}</a>
    </div>
    <ul class="lines">
      ${stations.map(({ station, ready, parts, fails }) => {
        const text = ready ? words.overview(count(fails), count(parts)) : words.waiting
        return html`<li>
          <div class="row between">
            <a class="strong" href=${inspectionLink(station)}>${station}</a><span class="hint">${text}</span>
          </div>
        </li>`
      })}
    </ul>
  </section>`
}

function figures({ state, ledger }: Page): TemplateResult {
  const words = strings.figures
  const { throughput, journal, journalLimit, disk, time } = state
  const stored = journal.samples.bytes + journal.results.bytes + journal.dead.bytes
  const waiting = Math.max(0, ...(ledger?.sinks ?? []).map((sink) => sink.waiting))
  const item = (name: string, value: string, more: unknown = nothing) =>
    html`<div>
      <dt>${name}</dt>
      <dd>${value}${more}</dd>
    </div>`
  return html`<section aria-labelledby="figures-title" class="card">
    <h2 id="figures-title">${words.title}</h2>
    <dl class="figures">
      ${item(words.throughput, rate(throughput.samplesPerSecond))}
      ${item(words.predictions, rate(throughput.predictionsPerSecond))}
      ${item(
        words.journal,
        bytes(stored),
        journalLimit
          ? html` <small>${words.journalOf(bytes(journalLimit))}</small>${bar(stored / journalLimit)}`
          : nothing,
      )}
      ${
        disk
          ? item(
              words.disk,
              bytes(disk.free),
              disk.fullAt === null ? nothing : html` <small>${words.diskFull(span(disk.fullAt - time))}</small>`,
            )
          : nothing
      }
      ${item(words.lag, words.rows(count(waiting)))} ${item(words.behind, words.records(count(throughput.lag)))}
    </dl>
  </section>`
}
