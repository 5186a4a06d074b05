#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072 node
// Memory that batches and checkpoints leave goes back to the system: without, glibc keeps 40 MB of it. See the benchmark `memory`.
import './load-small.ts'
import { Command } from 'commander'
import { keepPrivate, letYoungGenerationGrow, version } from '../process/index.ts'
import { commands } from './commands.ts'
import { explain } from './explain.ts'
import { guardOutput } from './guard.ts'

guardOutput(process.argv.includes('--json'))

/** Exit codes: 0, 1 failure, 2 usage, 70 an error of ours, 78 configuration. */
const program = new Command('millwright')
  .description('Industrial IoT edge agent: OPC UA and MQTT in, models that learn on the device, InfluxDB and MQTT out.')
  .version(version)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .showSuggestionAfterError()

const words = new Set(process.argv.slice(2))
for (const [name, { says, load }] of Object.entries(commands)) {
  const isCalled = words.has(name) || words.has('completion')
  program.addCommand(inheriting((isCalled ? await load() : new Command(name)).description(says), program))
}
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
