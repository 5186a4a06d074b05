import { Command, Option } from 'commander'
import { AgentError, deadReasons, duration } from '../core/index.ts'
import type { DeadLetterView, LetterResult } from '../view/index.ts'
import { agentApi, userName, withAgent, type AgentApi, type AgentOptions } from './api.ts'
import { instant } from './data.ts'
import { bytes, harmless, plural, print, table } from './output.ts'

interface FilterOptions extends AgentOptions {
  readonly origin?: string
  readonly reason?: string
  readonly newer?: string
  readonly older?: string
}

interface ListOptions extends FilterOptions {
  readonly limit: string
}

interface ActOptions extends FilterOptions {
  readonly by: string
  readonly all?: boolean
}

/** Letters in one request. */
const page = 100
/** Reasons why letters are kept that are printed. */
const mostReasons = 20

/** `millwright dead-letters`: what the running agent has put aside, and what is to become of it. */
export function deadLetters(): Command {
  const command = new Command('dead-letters')
  withFilter(command.command('list', { isDefault: true }))
    .description('List dead letters, newest first.')
    .addOption(new Option('--limit <number>', 'how many at most').default('50'))
    .addHelpText('after', '\nExample:\n  $ millwright dead-letters list --origin history --reason rejected --newer 2d')
    .action(list)
  withAgent(command.command('show'))
    .description('Show a dead letter with all of its payload that was kept.')
    .argument('<id>', 'number that `list` shows')
    .addHelpText('after', '\nExample:\n  $ millwright dead-letters show 4711')
    .action(show)
  acting(command.command('resend'), 'resend')
    .description('Send dead letters again once the cause is mended; what fails again is kept.')
    .addHelpText(
      'after',
      `
Letters of a sink go through the sink, those of a source through its decoding and mapping of today. Samples that come late
are stored at their own time.

Example:
  $ millwright dead-letters resend 4711 4712
  $ millwright dead-letters resend --origin history
  $ millwright dead-letters resend --origin plant-mqtt --reason unmapped --newer 8h

Exits with 1 where letters are kept.`,
    )
  acting(command.command('drop'), 'drop')
    .description('Be done with dead letters; they are not listed any more.')
    .addHelpText('after', '\nExample:\n  $ millwright dead-letters drop --reason malformed --older 30d')
  return command
}

function withFilter(command: Command): Command {
  return withAgent(command)
    .addOption(new Option('--origin <name>', 'only those of this source or sink'))
    .addOption(new Option('--reason <reason>', 'only those put aside for it').choices(Object.keys(deadReasons)))
    .addOption(new Option('--newer <time>', 'only those that came since: an age such as 8h, or a time'))
    .addOption(new Option('--older <time>', 'only those that came before: an age such as 30d, or a time'))
}

function acting(command: Command, action: 'resend' | 'drop'): Command {
  return withFilter(command)
    .argument('[ids...]', 'numbers that `list` shows')
    .addOption(new Option('--all', 'all of them'))
    .addOption(new Option('--by <name>', 'who does it').default(userName()))
    .action((ids: readonly string[], options: ActOptions) => act(action, ids, options))
}

async function list(options: ListOptions): Promise<void> {
  const limit = count(options.limit)
  const letters: DeadLetterView[] = []
  for await (const some of pages(agentApi(options), options, limit)) letters.push(...some)
  print(options.json, letters, () => table(letters.map(row), '') || 'There are no dead letters.')
}

function row({ id, time, origin, reason, rows, whole, subject, detail }: DeadLetterView): string[] {
  const when = new Date(time).toISOString().slice(0, 19)
  return [
    ...[String(id), when, origin, reason, plural(rows, 'row'), whole ? '' : 'not whole', harmless(subject)],
    harmless(detail).slice(0, 160),
  ]
}

async function show(id: string, options: AgentOptions): Promise<void> {
  const letter = await agentApi(options).get<DeadLetterView>(`/api/dead-letters/${count(id)}`)
  print(options.json, letter, () => {
    const { time, origin, reason, subject, detail, rows, whole, payload, size } = letter
    const kept = whole ? 'whole: it can be sent again' : 'not whole: it cannot be sent again'
    const head = [
      ['letter', `${letter.id}, ${new Date(time).toISOString()}, ${kept}`],
      ['origin', origin],
      ['reason', `${reason}: ${deadReasons[reason as keyof typeof deadReasons]}`],
      ['detail', harmless(detail)],
      ['subject', harmless(subject)],
      ['rows', String(rows)],
      ['payload', bytes(size)],
    ]
    return `${table(head, '')}\n\n${payload.replace(/[^\P{Cc}\n\t]/gu, '\u00b7')}`
  })
}

async function act(action: 'resend' | 'drop', ids: readonly string[], options: ActOptions): Promise<void> {
  const { origin, reason, newer, older, all } = options
  if (ids.length === 0 && !all && [origin, reason, newer, older].every((one) => one === undefined))
    throw new AgentError('AGENT_REFUSED', 'no dead letter is named', {
      remedy: 'Name ids that `millwright dead-letters list` shows, --origin, --reason, --newer, --older, or --all.',
    })
  const api = agentApi(options)
  const results: LetterResult[] = []
  for (const some of await chosen(api, ids, options)) results.push(...(await settle(api, action, some, options.by)))
  print(options.json, results, () => summary(action, results))
  if (results.some(({ outcome }) => outcome === 'kept' || outcome === 'gone')) process.exitCode = 1
}

/** The ids that are meant, in portions, oldest first; all are known before the first is sent, as what fails may be put aside anew. */
async function chosen(api: AgentApi, ids: readonly string[], options: ActOptions): Promise<number[][]> {
  const all = ids.map(count)
  if (all.length === 0) {
    for await (const letters of pages(api, options, Infinity)) for (const { id } of letters) all.push(id)
  }
  all.sort((one, other) => one - other)
  return Array.from({ length: Math.ceil(all.length / page) }, (_, at) => all.slice(at * page, (at + 1) * page))
}

/** Asks again for what the agent had no time to begin. */
async function settle(
  api: AgentApi,
  action: 'resend' | 'drop',
  ids: readonly number[],
  by: string,
): Promise<LetterResult[]> {
  const results: LetterResult[] = []
  for (let rest = ids; rest.length > 0;) {
    const done = await api.post<LetterResult[]>(`/api/dead-letters/${action}`, { by, letters: rest })
    if (done.length === 0) break
    results.push(...done)
    const begun = new Set(done.map(({ letter }) => letter))
    rest = rest.filter((id) => !begun.has(id))
  }
  return results
}

/** Pages of letters, newest first, until `limit` of them. */
async function* pages(api: AgentApi, options: FilterOptions, limit: number): AsyncGenerator<DeadLetterView[]> {
  const { origin, reason, newer, older } = options
  const query = new URLSearchParams({
    ...(origin !== undefined && { origin }),
    ...(reason !== undefined && { reason }),
    ...(newer !== undefined && { from: String(moment(newer)) }),
    ...(older !== undefined && { to: String(moment(older)) }),
  })
  for (let left = limit; left > 0;) {
    query.set('limit', String(Math.min(left, 1_000)))
    const letters = await api.get<DeadLetterView[]>(`/api/dead-letters?${query.toString()}`)
    if (letters.length === 0) return
    yield letters
    left -= letters.length
    query.set('before', String(letters[letters.length - 1].id))
  }
}

function summary(action: 'resend' | 'drop', results: readonly LetterResult[]): string {
  if (results.length === 0) return 'There are no such dead letters.'
  const of = (outcome: LetterResult['outcome']) => results.filter((result) => result.outcome === outcome)
  const rows = results.reduce((sum, result) => sum + result.rows, 0)
  const done = of(action === 'drop' ? 'dropped' : 'sent').length
  const lines = [`${plural(done, 'letter')} ${action === 'drop' ? 'dropped' : 'sent'}, ${plural(rows, 'row')}.`]
  if (of('gone').length > 0)
    lines.push(
      `There are none of these any more: ${of('gone')
        .map(({ letter }) => letter)
        .join(', ')}.`,
    )
  const why = new Map<string, number>()
  for (const { detail = '' } of of('kept')) why.set(detail, (why.get(detail) ?? 0) + 1)
  for (const [detail, letters] of [...why].slice(0, mostReasons))
    lines.push(`${plural(letters, 'letter')} kept: ${harmless(detail)}`)
  return lines.join('\n')
}

/** An age such as `8h` counts back from now; anything else is a time. */
function moment(text: string): number {
  const age = duration.safeParse(text)
  return age.success ? Date.now() - age.data : instant(text)
}

function count(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new AgentError('AGENT_REFUSED', `${text} is no number`, { remedy: 'Name letters as `dead-letters list` does.' })
}
