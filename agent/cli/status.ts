import { Command } from 'commander'
import type { AgentState, Ledger } from '../view/index.ts'
import { agentApi, withAgent, type AgentOptions } from './api.ts'
import { print } from './output.ts'
import { stateText } from './status-view.ts'

/** `millwright status`: how the running agent is. */
export function status(): Command {
  return withAgent(new Command('status'))
    .option('--health', 'ask only whether it works, as the health check of a container does')
    .addHelpText(
      'after',
      `
Exits with 1 where the agent is not ready, or does not answer.

Example:
  $ millwright status --config plant.yaml
  $ millwright status --json | jq '.state.connections[] | select(.status.state != "up")'`,
    )
    .action(async (options: AgentOptions & { readonly health?: boolean }) => {
      if (options.health) {
        const health = await agentApi(options, true).get<object>('/healthz')
        print(options.json, health, () => 'The agent works.')
        return
      }
      const api = agentApi(options)
      const [state, ledger] = await Promise.all([api.get<AgentState>('/api/state'), api.get<Ledger>('/api/ledger')])
      print(options.json, { url: api.url, state, ledger }, () => stateText(state, ledger))
      if (!state.ready.ok) process.exitCode = 1
    })
}
