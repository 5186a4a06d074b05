import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { duration, type Role, roleNames, roles } from '../core/index.ts'
import { addToken, isGood, type OpenSession, readTokens, revokeToken } from '../http/index.ts'
import { agentApi, dataFolder, userName, withAgent, type AgentOptions } from './api.ts'
import { configOption } from './configuration.ts'
import { harmless, jsonOption, print, table } from './output.ts'

interface FileOptions {
  readonly config: string
  readonly data?: string
  readonly json?: boolean
}

/** `millwright token`: tokens of people and programs, each with a role. */
export function token(): Command {
  return new Command('token')
    .addCommand(add())
    .addCommand(list(), { isDefault: true })
    .addCommand(revoke())
    .addCommand(sessions())
    .addHelpText(
      'after',
      `
Roles, each of which may do what those before it may:
${roleNames.map((name) => `  ${name.padEnd(10)}${roles[name]}`).join('\n')}

\`add\`, \`list\` and \`revoke\` work on the data folder; a running agent follows at once. The token of the file http-token is
an admin's, and names nobody.

Example:
  $ millwright token add mei --role engineer --expires 90d
  $ millwright token revoke mei`,
    )
}

function withFolder(command: Command): Command {
  return command
    .addOption(configOption())
    .addOption(new Option('--data <folder>', 'the data folder, instead of that of the configuration'))
    .addOption(jsonOption())
}

const folderOf = ({ data, config }: FileOptions) => data ?? dataFolder(config)

function add(): Command {
  return withFolder(new Command('add'))
    .description('Give out a token. It is printed once; the agent keeps its hash only.')
    .addArgument(new Argument('<name>', 'the person or program that it is for; the audit names it'))
    .addOption(new Option('--role <role>', 'what it may do').choices(roleNames).makeOptionMandatory())
    .addOption(
      new Option('--expires <duration>', 'how long it is good, such as 90d; absent: until it is revoked').argParser(
        spanOf,
      ),
    ) // prettier-ignore
    .addHelpText('after', '\nExample:\n  $ millwright token add mes --role operator --expires 365d > mes-token')
    .action((name: string, options: FileOptions & { role: Role; expires?: number }) => {
      const { role } = options
      const expires = options.expires === undefined ? undefined : Date.now() + options.expires
      const secret = addToken(folderOf(options), { name, role, ...(expires !== undefined && { expires }) })
      if (!options.json) console.error(`Token of ${name}, role ${role}, ${untilOf(expires)}. It is shown this once:`)
      print(options.json, { name, role, token: secret, ...(expires !== undefined && { expires }) }, () => secret)
    })
}

function list(): Command {
  return withFolder(new Command('list'))
    .description('List who has a token, with role and end.')
    .addHelpText('after', '\nExample:\n  $ millwright token list --json')
    .action((options: FileOptions) => {
      const now = Date.now()
      const all = readTokens(folderOf(options)).map(({ hash: _, ...known }) => ({ ...known, good: isGood(known, now) }))
      const rows = all.map(({ name, role, created, expires, good }) => [
        name,
        role,
        `since ${day(created)}`,
        good ? untilOf(expires) : `expired on ${day(expires!)}`,
      ])
      print(options.json, all, () =>
        rows.length > 0 ? table(rows) : 'Nobody has a token but whoever reads http-token.',
      )
    })
}

function revoke(): Command {
  return withFolder(new Command('revoke'))
    .description('Take a token back: from now on it opens nothing, and its log-ins are over.')
    .argument('<name>', 'whose')
    .addHelpText('after', '\nExample:\n  $ millwright token revoke mei')
    .action((name: string, options: FileOptions) => {
      const { name: whose, role } = revokeToken(folderOf(options), name)
      print(options.json, { name: whose, role }, () => `The token of ${whose} (${role}) opens nothing any more.`)
    })
}

function sessions(): Command {
  return withAgent(new Command('sessions'))
    .description('List the log-ins of browsers at the running agent, or end one.')
    .addOption(new Option('--end <id>', 'end this one'))
    .addOption(new Option('--by <name>', 'who does it').default(userName()))
    .addHelpText('after', '\nExample:\n  $ millwright token sessions --end 3f2a9c0d11e84b57')
    .action(async (options: AgentOptions & { end?: string; by: string }) => {
      const api = agentApi(options)
      const { end, by } = options
      if (end !== undefined) {
        const answer = await api.post<object>(`/api/sessions/${encodeURIComponent(end)}/end`, { by })
        print(options.json, answer, () => `Session ${end} is over.`)
        return
      }
      const all = await api.get<OpenSession[]>('/api/sessions')
      const rows = all.map(({ id, name = '(shared token)', role, begun, expires, address }) => [
        id,
        harmless(name),
        role,
        `from ${harmless(address)}`,
        `since ${new Date(begun).toISOString()}`,
        `until ${new Date(expires).toISOString()}`,
      ])
      print(options.json, all, () => (rows.length > 0 ? table(rows) : 'Nobody is logged in.'))
    })
}

function spanOf(text: string): number {
  const span = duration.safeParse(text)
  if (span.success && span.data > 0) return span.data
  throw new InvalidArgumentError('Expected a duration such as 90d or 12h.')
}

function untilOf(expires: number | undefined): string {
  return expires === undefined ? 'until it is revoked' : `until ${day(expires)}`
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
