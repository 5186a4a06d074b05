import { say } from './dom.js'

const login = document.getElementById('login')
const token = document.getElementById('token')
const operator = document.getElementById('operator')
const complaint = document.getElementById('complaint')

/** The name under which alarms are acknowledged; kept in this browser. */
export const operatorName = () => operator.value.trim() || 'operator'

/** Asks the agent to change something. Shows what went wrong and what to do; true where it was done. */
export async function change(path, content) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(content),
    })
    if (response.ok) {
      complain('')
      return true
    }
    const { error } = await response.json()
    if (response.status === 401) showLogin(true)
    complain(`${error.message[0].toUpperCase()}${error.message.slice(1)}. ${error.remedy ?? ''}`)
  } catch {
    complain('The agent does not answer.')
  }
  return false
}

function complain(text) {
  complaint.hidden = text === ''
  say(complaint, text)
}

function showLogin(shown) {
  login.hidden = !shown
  document.body.dataset.changes = shown ? 'no' : 'yes'
}

/** Finds out whether this browser may change things, and offers to log in where not. */
export async function startSession() {
  operator.value = localStorage.getItem('operator') ?? ''
  operator.addEventListener('change', () => localStorage.setItem('operator', operator.value.trim()))
  login.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (await change('/api/login', { token: token.value.trim() })) showLogin(false)
    token.value = ''
  })
  try {
    const { loggedIn } = await (await fetch('/api/session')).json()
    showLogin(!loggedIn)
  } catch {
    showLogin(true)
  }
}
