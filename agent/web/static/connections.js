import { element, keyed, mark, say } from './dom.js'

const readiness = document.getElementById('readiness')
const states = {
  up: ['good', '● Connected'],
  degraded: ['warn', '◆ Degraded'],
  connecting: ['warn', '◌ Connecting'],
  down: ['bad', '▲ Down'],
}

function connectionRow({ name, type, direction }) {
  const badge = element('span')
  const message = element('p')
  const remedy = element('p')
  const items = element('ul', { className: 'quiet' })
  const showItems = keyed(
    items,
    ([item]) => item,
    () => {
      const node = element('li')
      return { node, update: ([item, trouble]) => say(node, `${item}: ${trouble}`) }
    },
  )
  const kind = `${type}, ${direction === 'source' ? 'in' : 'out'}`
  const title = element('h3', { className: 'grow' }, `${name} `, element('span', { className: 'quiet' }, kind))
  return {
    node: element('li', {}, element('div', { className: 'row' }, title, badge), message, remedy, items),
    update: ({ status }) => {
      const [tone, text] = states[status.state] ?? ['warn', status.state]
      badge.className = `badge ${tone}`
      say(badge, text)
      say(message, status.message)
      say(remedy, status.remedy ? `What to do: ${status.remedy}` : '')
      showItems(Object.entries(status.items ?? {}).slice(0, 20))
    },
  }
}

const rows = keyed(
  document.getElementById('connections'),
  ({ name, direction }) => `${direction} ${name}`,
  connectionRow,
)

/** Shows every source and sink, and whether the agent is ready. */
export function showConnections({ connections, ready }) {
  rows(connections)
  const reasons = ready.reasons.join('; ')
  say(readiness, `${ready.ok ? 'The agent is ready.' : 'The agent is not ready.'}${reasons ? ` ${reasons}` : ''}`)
  mark(readiness, 'class', ready.ok ? 'quiet' : 'bad')
}
