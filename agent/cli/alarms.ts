import { Command, Option } from 'commander'
import { AgentError } from '../core/index.ts'
import type { AgentState, AlarmView } from '../view/index.ts'
import { agentApi, userName, withAgent, type AgentApi, type AgentOptions } from './api.ts'
import { print, table } from './output.ts'
import { alarmTable } from './status-view.ts'

interface ActionOptions extends AgentOptions {
  readonly by: string
  readonly reason?: string
  readonly for?: string
}

const verbs = {
  ack: { path: 'acknowledge', done: 'acknowledged', description: 'Say that an alarm has been seen.' },
  shelve: { path: 'shelve', done: 'shelved', description: 'Silence an alarm for a while.' },
  unshelve: { path: 'unshelve', done: 'unshelved', description: 'End the silence of an alarm.' },
} as const

/** `millwright alarms`: open alarms of the running agent, and what an operator does about them. */
export function alarms(): Command {
  const command = new Command('alarms')
  withAgent(command.command('list', { isDefault: true }))
    .description('List the alarms that are active or not acknowledged, newest first.')
    .addHelpText('after', '\nExample:\n  $ millwright alarms list\n  $ millwright alarms list --json')
    .action(list)
  for (const verb of ['ack', 'shelve', 'unshelve'] as const) command.addCommand(action(verb))
  return command.addHelpText(
    'after',
    `
An alarm is named by its id, or by a part of it that no other alarm has.

Example:
  $ millwright alarms
  $ millwright alarms ack line3/pump7
  $ millwright alarms shelve line3/pump7 --for 8h --reason "bearing ordered"`,
  )
}

function action(verb: keyof typeof verbs): Command {
  const { path, done, description } = verbs[verb]
  const command = withAgent(new Command(verb))
    .description(description)
    .argument('<alarm>', 'id of the alarm, or an unambiguous part of it')
    .addOption(new Option('--by <name>', 'who does it').default(userName()))
    .addOption(new Option('--reason <text>', 'why'))
    .addHelpText(
      'after',
      `\nExample:\n  $ millwright alarms ${verb} line3/pump7${verb === 'shelve' ? ' --for 8h' : ''} --reason "known"`,
    )
  if (verb === 'shelve') command.requiredOption('--for <duration>', 'how long, such as 30m or 8h')
  return command.action(async (wanted: string, options: ActionOptions) => {
    const api = agentApi(options)
    const { id } = await find(api, wanted)
    const { by, reason } = options
    const body = { by, ...(reason !== undefined && { reason }), ...(options.for !== undefined && { for: options.for }) }
    await api.post(`/api/alarms/${encodeURIComponent(id)}/${path}`, body)
    print(options.json, { alarm: id, [done]: true, by }, () => `${id}: ${done} by ${by}.`)
  })
}

async function list(options: AgentOptions): Promise<void> {
  const { alarms: open, time } = await agentApi(options).get<AgentState>('/api/state')
  print(options.json, open, () => table(alarmTable(open, time), '') || 'There are no open alarms.')
}

async function find(api: AgentApi, wanted: string): Promise<AlarmView> {
  const { alarms: open } = await api.get<AgentState>('/api/state')
  const exact = open.find(({ id }) => id === wanted)
  const matches = exact ? [exact] : open.filter(({ id }) => id.includes(wanted))
  if (matches.length === 1) return matches[0]
  const known = (matches.length > 0 ? matches : open).map(({ id }) => id).slice(0, 10)
  throw new AgentError(
    'AGENT_REFUSED',
    matches.length > 1 ? `more than one open alarm has ${wanted} in its id` : `no open alarm has ${wanted} in its id`,
    { remedy: known.length > 0 ? `There are: ${known.join(', ')}.` : 'There are no open alarms.' },
  )
}
