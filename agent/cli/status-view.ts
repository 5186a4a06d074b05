import { qualityNames } from '../core/index.ts'
import type {
  AgentState,
  AlarmView,
  AssetState,
  ConnectionState,
  Ledger,
  MonitorState,
  TagState,
} from '../view/index.ts'
import { bytes, harmless, lasting, paint, table, valueText, type Colour } from './output.ts'

/** The state of an agent as lines for people; `lines` bounds the lists, which begin with what needs attention. */
export function stateText(state: AgentState, ledger?: Ledger, lines = Infinity): string {
  return [
    headline(state),
    section('Connections', state.connections.flatMap(connection)),
    section('Alarms', alarmTable(state.alarms, state.time, lines)),
    section('Machines', machines(state, lines)),
    section('Journal', journal(state)),
    ...(ledger ? [section('Ledger', ledgerRows(ledger))] : []),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function headline({ site, version, started, time, ready, throughput, demo }: AgentState): string {
  const { samplesPerSecond, predictionsPerSecond, lag } = throughput
  const name = `${paint('bold', harmless(site))}${demo ? ' (simulated plant)' : ''}  millwright ${version}, up ${lasting(time - started)}`
  const flow = `${rate(samplesPerSecond)} samples/s, ${rate(predictionsPerSecond)} predictions/s, ${lag} records behind`
  const verdict = ready.ok ? paint('green', 'ready') : paint('red', 'not ready')
  return [
    `${name}  ${verdict}`,
    ...ready.reasons.map((reason) => `  ${paint('yellow', '!')} ${harmless(reason)}`),
    flow,
  ].join('\n')
}

function rate(perSecond: number): string {
  return perSecond >= 100 ? Math.round(perSecond).toLocaleString('en') : perSecond.toFixed(1)
}

function section(title: string, rows: readonly (readonly string[])[] | readonly string[]): string {
  if (rows.length === 0) return ''
  const body = typeof rows[0] === 'string' ? (rows as string[]).join('\n') : table(rows as string[][])
  return `${paint('bold', title)}\n${body}`
}

const marks: Readonly<Record<ConnectionState['status']['state'], [string, Colour]>> = {
  up: ['✔', 'green'],
  connecting: ['…', 'yellow'],
  degraded: ['!', 'yellow'],
  down: ['✖', 'red'],
}

function connection({ name, type, direction, status }: ConnectionState): string[][] {
  const [mark, colour] = marks[status.state]
  const rows = [[paint(colour, mark), name, `${type} ${direction}`, status.state, harmless(status.message)]]
  if (status.remedy !== undefined) rows.push(['', '', '', '', paint('dim', harmless(status.remedy))])
  const items = Object.entries(status.items ?? {})
  for (const [item, problem] of items.slice(0, 5))
    rows.push(['', '', '', '', `${harmless(item)}: ${harmless(problem)}`])
  if (items.length > 5) rows.push(['', '', '', '', `and ${items.length - 5} more`])
  return rows
}

/** Open alarms, a line each. */
export function alarmTable(alarms: readonly AlarmView[], now: number, lines = Infinity): string[][] {
  return alarms.slice(0, lines).map((alarm) => {
    const shelved = alarm.shelvedUntil === undefined ? '' : `, shelved for ${lasting(alarm.shelvedUntil - now)}`
    const state = `${alarm.state}${shelved}`
    const why = alarm.detail === undefined ? share(alarm.contributions) : harmless(alarm.detail)
    const score = `${valueText(alarm.score)} of ${valueText(alarm.threshold)}`
    return [paint(alarm.state === 'raised' ? 'red' : 'yellow', state), alarm.id, score, why]
  })
}

function share(contributions: Readonly<Record<string, number>>): string {
  const total = Object.values(contributions).reduce((sum, part) => sum + part, 0)
  const parts = Object.entries(contributions).slice(0, 3)
  return parts.map(([role, part]) => `${role} ${Math.round((100 * part) / (total || 1))} %`).join(', ')
}

function machines({ assets, time }: AgentState, lines: number): string[][] {
  const rows = assets
    .map((asset) => ({ asset, worst: worstOf(asset) }))
    .sort((a, b) => (a.worst ?? 2) - (b.worst ?? 2) || a.asset.name.localeCompare(b.asset.name))
  const shown = rows.slice(0, lines).flatMap(({ asset }) => machine(asset, time))
  return rows.length > lines ? [...shown, [`and ${rows.length - lines} more`]] : shown
}

function worstOf({ monitors }: AssetState): number | undefined {
  const known = monitors.flatMap(({ health }) => health ?? [])
  return known.length > 0 ? Math.min(...known) : undefined
}

function machine({ name, monitors, tags }: AssetState, now: number): string[][] {
  const values = tags.slice(0, 4).map((tag) => tagText(tag, now))
  const rows = monitors.map((monitor, index) => [
    index === 0 ? name : '',
    monitor.monitor,
    conclusion(monitor, now),
    monitor.state === 'anomaly' ? share(monitor.contributions) : index === 0 ? values.join('  ') : '',
  ])
  return rows.length > 0 ? rows : [[name, '', age(tags, now), values.join('  ')]]
}

function conclusion({ state, health, progress, detail, stale, time }: MonitorState, now: number): string {
  if (state === 'learning') return paint('cyan', detail ?? `learning ${Math.floor(100 * (progress ?? 0))} %`)
  if (stale) return paint('yellow', time === null ? 'no news yet' : `no news for ${lasting(now - time)}`)
  const shown = health === null ? state : `${state}, health ${Math.round(100 * health)} %`
  return paint(state === 'anomaly' ? 'red' : state === 'normal' ? 'green' : 'yellow', shown)
}

function age(tags: readonly TagState[], now: number): string {
  const newest = Math.max(...tags.map(({ time }) => time ?? -Infinity))
  return Number.isFinite(newest) ? `newest value ${lasting(Math.max(0, now - newest))} ago` : 'no value yet'
}

function tagText({ role, value, unit, quality, time, stale }: TagState, now: number): string {
  const old = stale && time !== null ? `, ${lasting(Math.max(0, now - time))} old` : ''
  const bad = quality === 0 && old === '' ? '' : ` (${qualityNames[quality]}${old})`
  return `${role} ${valueText(value)}${unit === undefined ? '' : ` ${unit}`}${bad}`
}

function journal({ journal: streams, disk, time }: AgentState): string[][] {
  const rows = Object.entries(streams).map(([name, { rows, bytes: size, corrupt }]) => [
    name,
    `${rows.toLocaleString('en')} rows`,
    bytes(size),
    corrupt > 0 ? paint('red', `${corrupt} corrupt records`) : '',
  ])
  if (!disk) return rows
  const full = disk.fullAt === null ? '' : paint('yellow', `full in ${lasting(disk.fullAt - time)} at this pace`)
  return [...rows, ['disk', `${bytes(disk.free)} free`, `of ${bytes(disk.size)}`, full]]
}

function ledgerRows({ sources, sinks }: Ledger): string[][] {
  const lost = (difference: number) => (difference === 0 ? '' : paint('red', `${difference} unaccounted for`))
  return [
    ...sources.map(({ name, received, stored, rejected, inFlight, difference }) => {
      const refused = Object.values(rejected).reduce((sum, rows) => sum + rows, 0)
      return [
        name,
        `${received} received`,
        `${stored} stored`,
        `${refused} rejected`,
        `${inFlight} in flight`,
        lost(difference),
      ]
    }),
    ...sinks.map(({ name, stored, delivered, overwritten, deadLettered, waiting, givenUp, difference }) => {
      return [
        name,
        `${stored} results`,
        overwritten > 0 ? `${delivered} delivered, ${overwritten} overwritten` : `${delivered} delivered`,
        `${deadLettered} refused`,
        `${waiting} waiting`,
        givenUp > 0 ? paint('red', `${givenUp} given up`) : lost(difference),
      ]
    }),
  ]
}
