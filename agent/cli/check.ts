import { Command } from 'commander'
import { configOption, loadOrExit, overrides, overridesOf } from './configuration.ts'

/** `millwright check`: is the configuration right? */
export function check(): Command {
  const command = new Command('check')
    .description('Check a configuration: lists every problem with its line, connects to nothing.')
    .argument('[file]', 'the configuration, instead of --config')
    .addOption(configOption())
    .addHelpText('after', '\nExample:\n  $ millwright check plant.yaml\n\nExits with 78 where there are problems.')
    .action((file: string | undefined, options: { config: string }) => {
      const path = file ?? options.config
      const { config } = loadOrExit(path, overridesOf({ ...options }))
      const count = (record: object, what: string) => `${Object.keys(record).length} ${what}`
      console.log(
        `${path} is right: ${count(config.connectors, 'connectors')}, ${count(config.assets, 'asset classes')}, ${count(config.monitors, 'monitors')}.`,
      )
    })
  for (const option of overrides) command.addOption(option)
  return command
}
