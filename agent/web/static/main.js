import { showAlarms } from './alarms.js'
import { showAssets } from './assets.js'
import { showConnections } from './connections.js'
import { element, keyed, say } from './dom.js'
import { ago, bytes, clock, count, number } from './format.js'
import { refreshLedger, showDeadCount } from './ledger.js'
import { startSession } from './session.js'

const link = document.getElementById('link')
const site = document.getElementById('site')
const simulation = document.getElementById('simulation')
const footer = document.getElementById('footer')

const showFigures = keyed(
  document.getElementById('figures'),
  ([name]) => name,
  ([name]) => {
    const value = element('dd')
    return {
      node: element('div', {}, element('dt', {}, name), value),
      update: ([, text]) => say(value, text),
    }
  },
)

function show(state) {
  document.title = `${state.alarms.length > 0 ? `(${state.alarms.length}) ` : ''}${state.site} · Millwright`
  say(site, state.site)
  simulation.hidden = !state.plant
  showFigures([
    ['samples/s', count(state.throughput.samplesPerSecond)],
    ['predictions/s', number(state.throughput.predictionsPerSecond)],
    ['behind', `${count(state.throughput.lag)} records`],
  ])
  showAlarms(state.alarms)
  showAssets(state)
  showConnections(state)
  showDeadCount(state)
  const { samples, results } = state.journal
  const perSample = samples.rows > 0 ? `, ${(samples.bytes / samples.rows).toFixed(1)} B each` : ''
  say(
    footer,
    `Millwright ${state.version} · running for ${ago(state.time - state.started)} · journal: ${count(samples.rows)} samples` +
      ` (${bytes(samples.bytes)}${perSample}), ${count(results.rows)} results (${bytes(results.bytes)})`,
  )
}

/** Silence after which the connection counts as dead, ms: the agent sends a heartbeat every 5 s. */
const silence = 16_000
const retry = 2_000
let events
let heard = Date.now()
let shown = false
let lost

function alive() {
  heard = Date.now()
  lost = undefined
  document.body.dataset.live = 'yes'
  link.className = 'badge good'
  say(link, '● Live')
}

function dead() {
  lost ??= heard
  document.body.dataset.live = 'no'
  link.className = 'badge bad'
  say(link, `▲ Disconnected${shown ? `: this is how it was at ${clock(lost)}` : ''}. Trying again …`)
}

function connect() {
  events?.close()
  events = new EventSource('/api/events')
  events.addEventListener('state', (event) => {
    alive()
    show(JSON.parse(event.data))
    shown = true
  })
  events.addEventListener('heartbeat', alive)
  // A refused connection is not tried again by the browser; one that broke is.
  events.onerror = () => {
    dead()
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, retry)
  }
}

setInterval(() => {
  if (Date.now() - heard <= silence) return
  dead()
  heard = Date.now()
  connect()
}, 1_000)

async function keepLedger() {
  try {
    if (!document.hidden && !lost) await refreshLedger()
  } catch {
    // The event stream says when the agent is gone.
  }
  setTimeout(keepLedger, 2_000)
}

document.getElementById('dead').addEventListener('toggle', () => refreshLedger().catch(() => undefined))
await startSession()
connect()
await keepLedger()
