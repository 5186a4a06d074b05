#!/usr/bin/env node
import { Command } from 'commander'
import { version } from '../version.ts'
import { check } from './check.ts'
import { demo } from './demo.ts'
import { explain } from './explain.ts'
import { replayCommand } from './replay.ts'
import { run } from './run.ts'
import { schemaCommand } from './schema.ts'
import { train } from './train.ts'
import { trust } from './trust.ts'

/** Exit codes: 0, 1 failure, 2 usage, 78 configuration. */
const program = new Command('millwright')
  .description('Industrial IoT edge agent: OPC UA and MQTT in, models that learn on the device, InfluxDB and MQTT out.')
  .version(version)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .showSuggestionAfterError()

for (const command of [demo, run, check, replayCommand, train, trust, schemaCommand])
  program.addCommand(inheriting(command(), program))

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = explain(error)
}

/** Usage errors of a command, and of its own commands, end like those of the program. */
function inheriting(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent)
  for (const inner of command.commands) inheriting(inner, command)
  return command
}
