import { Command } from 'commander'
import { jsonOption, print } from './output.ts'
import { configOption, loadOrExit, overrides, overridesOf } from './configuration.ts'

/** `millwright check`: is the configuration right? */
export function check(): Command {
  const command = new Command('check')
    .description('Check a configuration: lists every problem with its line, connects to nothing.')
    .argument('[file]', 'the configuration, instead of --config')
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ millwright check plant.yaml\n\nExits with 78 where there are problems.')
    .action((file: string | undefined, options: { config: string; json?: boolean }) => {
      const path = file ?? options.config
      const { config } = loadOrExit(path, overridesOf({ ...options }))
      const count = (record: object, what: string) => `${Object.keys(record).length} ${what}`
      const { connectors, assets, monitors, inspections } = config
      const names = {
        connectors: Object.keys(connectors),
        assets: Object.keys(assets),
        monitors: Object.keys(monitors),
        stations: Object.keys(inspections),
      }
      print(
        options.json,
        { file: path, right: true, ...names },
        () =>
          `${path} is right: ${count(connectors, 'connectors')}, ${count(assets, 'asset classes')}, ${count(monitors, 'monitors')}, ${count(inspections, 'stations')}.`,
      )
    })
  for (const option of overrides) command.addOption(option)
  return command
}
