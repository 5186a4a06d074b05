#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072 node
// Memory that batches and checkpoints leave goes back to the system: without, glibc keeps 40 MB of it. See the benchmark `memory`.
import './load-small.ts'
import { Command } from 'commander'
import { keepPrivate, letYoungGenerationGrow, version } from '../process/index.ts'
import { actions } from './actions.ts'
import { alarms } from './alarms.ts'
import { tags } from './tags.ts'
import { backup, restore } from './backup.ts'
import { check } from './check.ts'
import { completion } from './completion.ts'
import { deadLetters } from './dead-letters.ts'
import { demo } from './demo.ts'
import { doctor } from './doctor.ts'
import { explain } from './explain.ts'
import { guardOutput } from './guard.ts'
import { init } from './init.ts'
import { inspectCommand } from './inspect.ts'
import { journal } from './journal.ts'
import { label } from './label.ts'
import { models } from './models.ts'
import { replayCommand } from './replay.ts'
import { run } from './run.ts'
import { schemaCommand } from './schema.ts'
import { status } from './status.ts'
import { test } from './test.ts'
import { token } from './token.ts'
import { top } from './top.ts'
import { train } from './train.ts'
import { trust } from './trust.ts'
import { versionCommand } from './version.ts'

guardOutput(process.argv.includes('--json'))

/** Exit codes: 0, 1 failure, 2 usage, 70 an error of ours, 78 configuration. */
const program = new Command('millwright')
  .description('Industrial IoT edge agent: OPC UA and MQTT in, models that learn on the device, InfluxDB and MQTT out.')
  .version(version)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .showSuggestionAfterError()

/** In the order of the help: first steps, every day, looking closer, keeping. */
const commands = [
  [demo, init, check, test, run],
  [status, top, alarms, actions, doctor, deadLetters, trust, token, tags],
  [models, label, train, replayCommand, inspectCommand, journal],
  [backup, restore, schemaCommand, completion, versionCommand],
].flat()
for (const command of commands) program.addCommand(inheriting(command(), program))
// An agent sizes its heap by itself, for years; the other commands work in bulk.
program.hook('preAction', (_, command) => {
  if (!['run', 'demo'].includes(command.name())) letYoungGenerationGrow()
  if (['run', 'demo', 'train', 'import', 'restore', 'backup'].includes(command.name())) keepPrivate()
})

// The reader of a pipe may have had enough: `millwright journal export samples | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

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
