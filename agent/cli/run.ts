import { Command } from 'commander'
import { serve } from './serve.ts'
import { configOption, loadOrExit, overrides, overridesOf } from './configuration.ts'
import { createLogger, jsonLogOption } from './logger.ts'
import { reloadOnChange } from './reloading.ts'

/** `millwright run`: the agent. */
export function run(): Command {
  const command = new Command('run')
    .addOption(configOption())
    .addOption(jsonLogOption())
    .addHelpText(
      'after',
      '\nWhen the file changes, or on SIGHUP, it is checked and reloaded: only what differs restarts.\n\nExample:\n  $ millwright run --config plant.yaml\n  $ MILLWRIGHT_LOG_LEVEL=debug millwright run --config plant.yaml --http-port 9000',
    )
    .action(async (options: { config: string; json?: boolean }) => {
      const loaded = await loadOrExit(options.config, overridesOf({ ...options }))
      const log = createLogger(loaded.config, process.stderr.isTTY && !options.json)
      await serve({ ...loaded, log }, (agent) => {
        const { url } = agent
        log.info({ data: loaded.config.data, ...(url !== undefined && { page: url }) }, 'running')
        return reloadOnChange(options.config, loaded, agent, log)
      })
    })
  for (const option of overrides) command.addOption(option)
  return command
}
