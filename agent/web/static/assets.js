import { reasons } from './alarms.js'
import { element, keyed, mark, say } from './dom.js'
import { ago, number, percent } from './format.js'
import { change } from './session.js'

const none = document.getElementById('no-assets')
const qualities = ['good', 'uncertain', 'bad']

/** How a machine is, from the worst of its monitors: words, and the tone they are coloured with. */
function verdict(monitors, alarmed) {
  const worst = monitors.filter(({ health }) => health !== null).sort((one, other) => one.health - other.health)[0]
  if (worst) {
    const health = `health ${percent(worst.health)}`
    if (alarmed) return { tone: 'bad', text: `▲ Alarm · ${health}` }
    if (worst.state === 'anomaly') return { tone: 'warn', text: `◆ Unusual · ${health}` }
    return { tone: 'good', text: `● Normal · ${health}` }
  }
  if (alarmed) return { tone: 'bad', text: '▲ Alarm' }
  const learning = monitors.find(({ state }) => state === 'learning')
  if (learning)
    return { tone: '', text: `◌ Learning${learning.progress === undefined ? '' : ` ${percent(learning.progress)}`}` }
  return { tone: '', text: monitors.length > 0 ? '? No opinion' : 'Not monitored' }
}

function monitorRow({ monitor }) {
  const model = element('span', { className: 'quiet' })
  const fill = element('i')
  const limit = element('b')
  const bar = element('div', { className: 'bar', role: 'img' }, fill, limit)
  const text = element('p')
  const why = reasons()
  const title = element('p', { className: 'title' }, element('span', {}, monitor), model)
  const node = element('div', { className: 'monitor' }, title, bar, text, why.node)
  return {
    node,
    update: (now) => {
      const learning = now.state === 'learning'
      const scored = now.score !== null && now.threshold !== null
      // The mark in the middle is the threshold; the bar is full at twice of it.
      const share = learning ? (now.progress ?? 0) : scored ? Math.min(1, now.score / now.threshold / 2) : 0
      say(model, now.model ? `model ${now.model}` : '')
      fill.style.width = `${Math.round(share * 100)}%`
      bar.className = `bar ${now.state === 'anomaly' ? (share >= 0.75 ? 'bad' : 'warn') : learning ? 'warn' : ''}`
      limit.hidden = !scored
      const said = monitorText(now, learning, scored)
      mark(bar, 'aria-label', said)
      say(text, said)
      why.node.hidden = now.state !== 'anomaly'
      if (now.state === 'anomaly') why.update(now.contributions)
    },
  }
}

function monitorText(now, learning, scored) {
  if (learning) return `${now.detail ?? 'collecting'} ${now.progress === undefined ? '' : percent(now.progress)}`.trim()
  if (scored) return `score ${number(now.score)} of threshold ${number(now.threshold)}`
  return `no opinion${now.detail ? `: ${now.detail}` : ''}`
}

function valueRow({ role }) {
  const value = element('td')
  const remark = element('td')
  return {
    node: element('tr', {}, element('th', { scope: 'row' }, role), value, remark),
    update: ({ value: newest, quality, unit, time, at }) => {
      say(value, number(newest))
      const old = time !== null && at - time > 10_000
      say(remark, quality > 0 ? qualities[quality] : old ? `${ago(at - time)} ago` : (unit ?? ''))
      remark.className = quality === 2 ? 'bad' : quality === 1 || old ? 'warn' : ''
    },
  }
}

/** The part of a card that exists on a simulated machine only. */
function simulation({ name, faults }) {
  const select = element(
    'select',
    { 'aria-label': `Fault for ${name}` },
    ...faults.map((fault) => element('option', { value: fault.name }, fault.title)),
  )
  const inject = element('button', { type: 'button' }, 'Inject fault')
  const repair = element('button', { type: 'button' }, 'Repair')
  mark(inject, 'aria-label', `Inject fault into ${name}`)
  mark(repair, 'aria-label', `Repair ${name}`)
  inject.onclick = () => change('/api/plant/inject', { asset: name, fault: select.value })
  repair.onclick = () => change('/api/plant/repair', { asset: name })
  const text = element('p', { className: 'quiet' })
  const grow = element('span', { className: 'grow' }, select)
  const node = element(
    'div',
    { className: 'simulated' },
    element('div', { className: 'row' }, grow, inject, repair),
    text,
  )
  const title = (fault) => faults.find(({ name }) => name === fault)?.title ?? fault
  return {
    node,
    update: (active) => {
      repair.disabled = active.length === 0
      const parts = active.map(({ fault, severity }) => `${title(fault)}, ${percent(severity)} grown`)
      say(text, parts.length > 0 ? `Simulated fault: ${parts.join('; ')}` : 'Simulated machine, no fault injected')
    },
  }
}

function card({ name, simulated }) {
  const badge = element('span', { className: 'badge' })
  const monitors = element('div')
  const body = element('tbody')
  const showMonitors = keyed(monitors, ({ monitor }) => monitor, monitorRow)
  const showValues = keyed(body, ({ tag }) => tag, valueRow)
  const faults = simulated && simulation(simulated)
  const node = element(
    'article',
    { className: 'card', 'aria-label': name },
    element('header', {}, element('h3', {}, name), badge),
    monitors,
    element('table', { className: 'values' }, body),
    ...(faults ? [faults.node] : []),
  )
  return {
    node,
    update: (asset) => {
      const { tone, text } = verdict(asset.monitors, asset.alarmed)
      mark(node, 'data-tone', tone)
      badge.className = `badge ${tone}`
      say(badge, text)
      showMonitors(asset.monitors)
      showValues(asset.tags.map((tag) => ({ ...tag, at: asset.at })))
      faults?.update(asset.active)
    },
  }
}

const cards = keyed(document.getElementById('cards'), ({ name }) => name, card)

/** Shows every machine: how it is, what its monitors say, its newest values. */
export function showAssets({ assets, alarms, plant, time }) {
  const active = new Set(
    alarms.filter(({ state }) => state === 'raised' || state === 'acknowledged').map(({ asset }) => asset),
  )
  none.hidden = assets.length > 0
  cards(
    assets.map((asset) => ({
      ...asset,
      at: time,
      alarmed: active.has(asset.name),
      simulated: plant?.assets.find(({ name }) => name === asset.name),
      active: plant?.active.filter((fault) => fault.asset === asset.name) ?? [],
    })),
  )
}
