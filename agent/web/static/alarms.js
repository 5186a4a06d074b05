import { element, keyed, mark, say } from './dom.js'
import { clock, number, percent, shares } from './format.js'
import { change, operatorName } from './session.js'

const announcer = document.getElementById('announcer')
const none = document.getElementById('no-alarms')

const words = {
  raised: 'Active, not acknowledged',
  acknowledged: 'Active, acknowledged',
  cleared: 'Over, not acknowledged',
  normal: 'Over',
}

function stateInWords({ state, by, shelvedUntil }) {
  const who = by ? ` by ${by}` : ''
  const parts = [words[state] ?? state]
  if (shelvedUntil) parts.push(`shelved until ${clock(shelvedUntil)}${who}`)
  else if (state === 'acknowledged') parts[0] += who
  return parts.join(' · ')
}

/** Which signals make up the score, as bars with their share in words. */
export function reasons() {
  const node = element('div', { className: 'reasons' })
  const update = keyed(
    node,
    ({ role }) => role,
    ({ role }) => {
      const fill = element('i')
      const share = element('span')
      // A row of the grid is three cells; `display: contents` keeps them in it.
      const row = element('div', {}, element('span', {}, role), element('span', { className: 'bar warn' }, fill), share)
      row.style.display = 'contents'
      return {
        node: row,
        update: (item) => {
          fill.style.width = percent(item.share).replace(' ', '')
          say(share, percent(item.share))
        },
      }
    },
  )
  return { node, update: (contributions) => update(shares(contributions).slice(0, 5)) }
}

function alarmRow(alarm) {
  const title = element('h3', { className: 'grow' }, `${alarm.asset}`)
  const state = element('span', { className: 'badge' })
  const facts = element('p', { className: 'quiet' })
  const why = reasons()
  const act = (action, content = {}) =>
    change(`/api/alarms/${encodeURIComponent(alarm.id)}/${action}`, { by: operatorName(), ...content })
  const button = (text, onclick) =>
    element('button', { type: 'button', onclick, 'aria-label': `${text}: ${alarm.asset}` }, text)
  const acknowledge = button('Acknowledge', () => act('acknowledge'))
  const shelve = button('Shelve for 30 min', () => act('shelve', { for: '30m' }))
  const unshelve = button('Unshelve', () => act('unshelve'))
  const node = element(
    'li',
    {},
    element('div', { className: 'row' }, title, state),
    facts,
    why.node,
    element('div', { className: 'row' }, acknowledge, shelve, unshelve),
  )
  return {
    node,
    update: (now) => {
      const active = now.state === 'raised' || now.state === 'acknowledged'
      mark(node, 'data-tone', active && !now.shelvedUntil ? 'bad' : 'warn')
      state.className = `badge ${active ? 'bad' : 'warn'}`
      say(state, stateInWords(now))
      say(
        facts,
        `${now.monitor} · since ${clock(now.raised)} · score ${number(now.score)}, threshold ${number(now.threshold)}`,
      )
      why.update(now.contributions)
      acknowledge.hidden = now.state !== 'raised' && now.state !== 'cleared'
      shelve.hidden = Boolean(now.shelvedUntil)
      unshelve.hidden = !now.shelvedUntil
    },
  }
}

const rows = keyed(document.getElementById('alarms'), ({ id }) => id, alarmRow)
let known

/** Shows the alarms; new ones are read out. */
export function showAlarms(alarms) {
  rows(alarms)
  none.hidden = alarms.length > 0
  const fresh = alarms.filter(({ id, state }) => state === 'raised' && known && !known.has(id))
  known = new Set(alarms.map(({ id }) => id))
  for (const { asset, contributions } of fresh) {
    const cause = shares(contributions)[0]
    announcer.textContent = `Alarm on ${asset}${cause ? `, mostly ${cause.role}` : ''}`
  }
}
