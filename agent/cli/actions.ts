import { Command, Option } from 'commander'
import { AgentError } from '../core/index.ts'
import type { ActionsView, DecisionView } from '../view/index.ts'
import { agentApi, type AgentApi, type AgentOptions, userName, withAgent } from './api.ts'
import { configOption } from './configuration.ts'
import { jsonOption, print, table } from './output.ts'

interface OrderOptions extends AgentOptions {
  readonly by: string
  readonly reason?: string
}

/** `millwright actions`: what is proposed, what was done, and what an operator orders about it. */
export function actions(): Command {
  const command = new Command('actions')
  withAgent(command.command('list', { isDefault: true }))
    .description('List what is proposed, how each action stands, and what was done of late.')
    .addHelpText('after', '\nExample:\n  $ millwright actions list\n  $ millwright actions list --json')
    .action(list)
  withAgent(command.command('show'))
    .argument('<decision>', 'id of the decision, or an unambiguous part of it')
    .description('Show a decision: why, what was written and read back, who approved it.')
    .addHelpText('after', '\nExample:\n  $ millwright actions show slow/line1/pump2')
    .action(show)
  for (const order of ['approve', 'refuse'] as const) command.addCommand(answer(order))
  for (const order of ['stop', 'resume'] as const) command.addCommand(all(order))
  command.addCommand(test())
  return command.addHelpText(
    'after',
    `
Example:
  $ millwright actions
  $ millwright actions approve slow/line1/pump2
  $ millwright actions stop --reason "maintenance of line 1"
  $ millwright actions test --at 2026-01-05T08:00:00Z`,
  )
}

function ordering(command: Command): Command {
  return withAgent(command)
    .addOption(new Option('--by <name>', 'who does it').default(userName()))
    .addOption(new Option('--reason <text>', 'why'))
}

const bodyOf = ({ by, reason }: OrderOptions) => ({ by, ...(reason !== undefined && { reason }) })

function answer(order: 'approve' | 'refuse'): Command {
  return ordering(new Command(order))
    .description(
      order === 'approve' ? 'Approve what is proposed: it is done if its guards hold.' : 'Refuse what is proposed.',
    ) // prettier-ignore
    .argument('<decision>', 'id of the decision, or an unambiguous part of it')
    .addHelpText('after', `\nExample:\n  $ millwright actions ${order} slow/line1/pump2`)
    .action(async (wanted: string, options: OrderOptions) => {
      const api = agentApi(options)
      const { id } = await find(api, wanted, true)
      await api.post(`/api/actions/decisions/${encodeURIComponent(id)}/${order}`, bodyOf(options))
      const done = order === 'approve' ? 'approved' : 'refused'
      print(options.json, { decision: id, [done]: true, by: options.by }, () => `${id}: ${done} by ${options.by}.`)
    })
}

function all(order: 'stop' | 'resume'): Command {
  return ordering(new Command(order))
    .description(
      order === 'stop' ? 'Stop all actions until somebody resumes them, over restarts too.' : 'Let actions act again.',
    ) // prettier-ignore
    .addHelpText('after', `\nExample:\n  $ millwright actions ${order} --reason "maintenance"`)
    .action(async (options: OrderOptions) => {
      await agentApi(options).post(`/api/actions/${order}`, bodyOf(options))
      const words = order === 'stop' ? 'All actions are stopped' : 'Actions act again'
      print(options.json, { stopped: order === 'stop', by: options.by }, () => `${words}, by ${options.by}.`)
    })
}

function test(): Command {
  return new Command('test')
    .description('What the actions of a configuration would have done at a time, by the journal of the data folder.')
    .addOption(configOption())
    .requiredOption('--at <time>', 'the time, such as 2026-01-05T08:00:00Z')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ millwright actions test --at 2026-01-05T08:00:00Z')
    .action(async (options: { config: string; at: string; json?: boolean }) => {
      const { testActions } = await import('./actions-test.ts')
      await testActions(options)
    })
}

async function list(options: AgentOptions): Promise<void> {
  const view = await agentApi(options).get<ActionsView>('/api/actions')
  print(options.json, view, () => listText(view))
}

function listText({ stopped, actions: known, open, ended }: ActionsView): string {
  if (known.length === 0) return 'No action is configured.'
  const part = (title: string, rows: readonly (readonly string[])[]) =>
    rows.length > 0 ? ['', title, table(rows)] : []
  return [
    ...(stopped ? [`ALL ACTIONS ARE STOPPED by ${stopped.by} since ${new Date(stopped.time).toISOString()}. Lift it with: millwright actions resume`] : []), // prettier-ignore
    ...part('open:', open.map(row)),
    ...part('actions:', known.map(({ name, mode, when, does, ledger }) => [name, mode, when, does, ledger ? `${ledger.proposed} proposed, ${ledger.confirmed} done` : ''])), // prettier-ignore
    ...part('of late:', ended.slice(0, 10).map(row)),
  ].join('\n').trimStart() // prettier-ignore
}

const row = ({ id, step, value, guard, by, detail }: DecisionView): string[] => [id, step, value === undefined ? '' : String(value), guard ?? by ?? '', detail] // prettier-ignore

async function show(wanted: string, options: AgentOptions): Promise<void> {
  const decision = await find(agentApi(options), wanted, false)
  print(options.json, decision, () => table(Object.entries({
    ...decision,
    decided: new Date(decision.decided).toISOString(),
    expires: decision.expires === null ? '' : new Date(decision.expires).toISOString(),
    why: decision.why.map(({ what, value }) => `${what} = ${String(value)}`).join(', '),
  }).map(([key, value]) => [key, String(value)]), '')) // prettier-ignore
}

/** The decision that is meant. `open`: only those that are not over. */
async function find(api: AgentApi, wanted: string, open: boolean): Promise<DecisionView> {
  const view = await api.get<ActionsView>('/api/actions')
  const all = open ? view.open : [...view.open, ...view.ended]
  const exact = [...view.open, ...view.ended].find(({ id }) => id === wanted)
  const matches = exact ? [exact] : all.filter(({ id }) => id.includes(wanted))
  if (matches.length === 1 || (matches.length > 1 && !open)) return matches[0]
  const known = (matches.length > 0 ? matches : view.open).map(({ id }) => id).slice(0, 10)
  throw new AgentError(
    'AGENT_REFUSED',
    `${matches.length > 1 ? 'more than one' : 'no'} decision has ${wanted} in its id`,
    {
      remedy: known.length > 0 ? `There are: ${known.join(', ')}.` : 'Nothing is open.',
    },
  )
}
