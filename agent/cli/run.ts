import { Command } from 'commander'
import { serve } from './serve.ts'
import { configOption, loadOrExit, overrides, overridesOf } from './configuration.ts'
import { createLogger } from './logger.ts'

/** `millwright run`: the agent. */
export function run(): Command {
  const command = new Command('run')
    .description('Run the agent.')
    .addOption(configOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ millwright run --config plant.yaml\n  $ MILLWRIGHT_LOG_LEVEL=debug millwright run --config plant.yaml --http-port 9000',
    )
    .action(async (options: { config: string }) => {
      const loaded = loadOrExit(options.config, overridesOf({ ...options }))
      const log = createLogger(loaded.config)
      await serve({ ...loaded, log }, ({ url }) => {
        log.info(
          { site: loaded.config.site, data: loaded.config.data, ...(url !== undefined && { page: url }) },
          'running',
        )
      })
    })
  for (const option of overrides) command.addOption(option)
  return command
}
