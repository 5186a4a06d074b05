import { Command, Option } from 'commander'
import { AgentError, tagTypes } from '../core/index.ts'
import { agentApi, userName, withAgent, type AgentOptions } from './api.ts'
import { print } from './output.ts'

interface RetypeOptions extends AgentOptions {
  readonly by: string
}

/** `millwright tags`: what may be changed at the tags of the running agent. */
export function tags(): Command {
  const command = new Command('tags')
  withAgent(command.command('retype'))
    .description('Give a tag another type from now on; what is stored keeps the one it has.')
    .argument('<tag>', 'name of the tag')
    .argument('<type>', tagTypes.join(', '))
    .addOption(new Option('--by <name>', 'who does it').default(userName()))
    .addHelpText('after', '\nExample:\n  $ millwright tags retype boiler/flow_temperature number')
    .action(retype)
  return command
}

async function retype(tag: string, type: string, options: RetypeOptions): Promise<void> {
  if (!(tagTypes as readonly string[]).includes(type))
    throw new AgentError('AGENT_REFUSED', `there is no type "${type}"`, { remedy: `Types: ${tagTypes.join(', ')}.` })
  const body = { tag, type, by: options.by }
  const answer = await agentApi(options).post<{ from: string }>('/api/tags/retype', body)
  print(options.json, answer, () => `${tag}: ${answer.from} until now, ${type} from here on.`)
}
