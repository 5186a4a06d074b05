import { element, keyed, say } from './dom.js'
import { bytes, clock, count } from './format.js'

const dead = document.getElementById('dead')
const total = document.getElementById('dead-count')

/** A row of figures; `columns` turns the item into texts, the last of which must be 0. */
function figures(columns) {
  return ({ name }) => {
    const cells = columns({ name }).map(() => element('td'))
    return {
      node: element('tr', {}, element('th', { scope: 'row' }, name), ...cells),
      update: (item) => {
        columns(item).forEach((text, place) => say(cells[place], text))
        cells.at(-1).className = item.difference === 0 ? 'good' : 'bad'
      },
    }
  }
}

const difference = (value) => (value === 0 ? '0 ✓' : `${count(value)} ✗`)

const rejectedInWords = (rejected) => {
  const reasons = Object.entries(rejected).filter(([, rows]) => rows > 0)
  const sum = reasons.reduce((all, [, rows]) => all + rows, 0)
  return sum === 0 ? '0' : `${count(sum)} (${reasons.map(([reason, rows]) => `${reason} ${count(rows)}`).join(', ')})`
}

const sourceColumns = ({ received = 0, stored = 0, rejected = {}, inFlight = 0, difference: rest = 0 }) => [
  count(received),
  count(stored),
  rejectedInWords(rejected),
  count(inFlight),
  difference(rest),
]
const sinkColumns = ({ stored = 0, delivered = 0, deadLettered = 0, waiting = 0, difference: rest = 0 }) => [
  count(stored),
  count(delivered),
  count(deadLettered),
  count(waiting),
  difference(rest),
]

const showSources = keyed(document.getElementById('sources'), ({ name }) => name, figures(sourceColumns))
const showSinks = keyed(document.getElementById('sinks'), ({ name }) => name, figures(sinkColumns))

let numbered = 0
const showLetters = keyed(
  document.getElementById('letters'),
  (letter) => (letter.key ??= String(numbered++)),
  ({ time, origin, reason, detail, subject, rows, payload, size }) => ({
    node: element(
      'li',
      {},
      element(
        'p',
        {},
        element('strong', {}, reason),
        ` · ${origin} · ${subject} · ${clock(time)} · ${count(rows)} rows`,
      ),
      element('p', { className: 'quiet' }, detail),
      element('pre', {}, payload, payload.length < size ? `\n… of ${bytes(size)}` : ''),
    ),
    update: () => undefined,
  }),
)

/** Asks for the ledger, and for dead letters while they are unfolded. Throws where the agent does not answer. */
export async function refreshLedger() {
  const { sources, sinks } = await (await fetch('/api/ledger')).json()
  showSources(sources)
  showSinks(sinks)
  if (dead.open) showLetters(await (await fetch('/api/dead-letters?limit=20')).json())
}

export function showDeadCount({ journal }) {
  say(total, count(journal.dead.rows))
}
