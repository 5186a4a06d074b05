import { Command } from 'commander'
import { ConfigError, type ConfigProblem, type Finding } from '../core/index.ts'
import type { Config } from '../settings/index.ts'
import { jsonOption, plural, print } from './output.ts'
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
      const count = (record: object, one: string) => plural(Object.keys(record).length, one)
      const { connectors, assets, monitors, inspections } = config
      const idle = nothingToDo(config)
      if (idle !== undefined) throw new ConfigError([idle])
      const names = {
        connectors: Object.keys(connectors),
        assets: Object.keys(assets),
        monitors: Object.keys(monitors),
        stations: Object.keys(inspections),
      }
      const sourceless = names.connectors.length === 0 ? '\nNothing is connected: `run` would have nothing to read, `train` and `replay` take files.' : '' // prettier-ignore
      const warnings = advice(config)
      const told = warnings.map(({ connector, text, remedy = '' }) => `\n${connector}: ${text}. ${remedy}`.trimEnd())
      print(
        options.json,
        { file: path, right: true, ...names, warnings },
        () =>
          `${path} is right: ${count(connectors, 'connector')}, ${count(assets, 'asset class').replace('classs', 'classes')}, ${count(monitors, 'monitor')}, ${count(inspections, 'station')}.${sourceless}${told.join('')}`,
      )
    })
  for (const option of overrides) command.addOption(option)
  return command
}

/** A configuration without a fault that does nothing at all. */
function nothingToDo({ connectors, monitors, inspections }: Config): ConfigProblem | undefined {
  if ([connectors, monitors, inspections].some((part) => Object.keys(part).length > 0)) return undefined
  const remedy = '`millwright init` makes one from a server, a broker or a file.'
  return { path: 'connectors', message: 'the configuration is empty: nothing is read and nothing is watched', remedy }
}

/** What connectors have to say of settings that are right and may not be meant. */
function advice({ connectors }: Config): ({ readonly connector: string } & Finding)[] {
  return Object.entries(connectors).flatMap(([connector, { definition, settings }]) =>
    [...(definition.advise?.(settings) ?? [])].map((finding) => ({ connector, ...finding })),
  )
}
