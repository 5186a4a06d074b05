import { Argument, Command, Option } from 'commander'
import { type Stream, streams } from '../core/index.ts'
import { configOption } from './configuration.ts'
import { exportFormats, exportRecords, exportables, timeOf, type ExportOptions } from './journal-export.ts'
import { statsOf, statsText } from './journal-stats.ts'
import { verifyJournal, verifyText } from './journal-verify.ts'
import { jsonOption, print } from './output.ts'
import { withJournal } from './open-journal.ts'

interface JournalOptions {
  readonly config: string
  readonly json?: boolean
}

/** `millwright journal`: look into the journal, also while the agent writes it. */
export function journal(): Command {
  const command = new Command('journal').addHelpText(
    'after',
    `
Example:
  $ millwright journal stats --config plant.yaml
  $ millwright journal export samples --from -2h --out last.csv
  $ millwright journal verify`,
  )
  return command.addCommand(stats()).addCommand(exportCommand()).addCommand(verify())
}

function stats(): Command {
  return new Command('stats')
    .description('Print what is in each stream, how far everyone has read, and for how long the room lasts.')
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ millwright journal stats --config plant.yaml --json')
    .action(({ config: file, json }: JournalOptions) =>
      withJournal(file, (opened, config) => {
        const found = statsOf(opened, config)
        print(json, found, () => statsText(found))
      }),
    )
}

function exportCommand(): Command {
  return new Command('export')
    .description('Write records of a time range as CSV or newline-delimited JSON.')
    .addArgument(new Argument('<what>', 'what to export').choices(exportables))
    .addOption(configOption())
    .addOption(
      new Option(
        '--from <time>',
        'from this time on: 2026-03-01, 2026-03-01T12:00:00Z, or -2h for two hours ago',
      ).argParser(timeOf),
    )
    .addOption(new Option('--to <time>', 'up to this time, which is not included').argParser(timeOf))
    .addOption(new Option('--tags <patterns...>', 'only these tags, such as line3/** (samples only)'))
    .addOption(new Option('--format <format>', 'how it is written').choices([...exportFormats]).default('csv'))
    .addOption(new Option('--out <file>', 'file to write; standard output otherwise'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Example:
  $ millwright journal export samples --from 2026-03-01 --to 2026-04-01 --out march.csv
  $ millwright journal export alarms --from -7d --format ndjson | jq .asset`,
    )
    .action((what: ExportOptions['what'], options: ExportOptions & JournalOptions) =>
      withJournal(options.config, (opened) => exportRecords(opened, { ...options, what })),
    )
}

function verify(): Command {
  return new Command('verify')
    .description(
      'Read every record and check its checksum, its place and the chain of the audit. Exits with 1 where one is damaged.',
    )
    .addOption(configOption())
    .addOption(new Option('--stream <name>', 'only this stream').choices([...streams]))
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ millwright journal verify --config plant.yaml')
    .action(async ({ config: file, json, stream }: JournalOptions & { stream?: Stream }) => {
      const damage = new Map<Stream, number[]>()
      const note = (name: Stream, offset: number) => damage.set(name, [...(damage.get(name) ?? []), offset])
      await withJournal(
        file,
        async (opened, config) => {
          const found = await verifyJournal(opened, config, stream ? [stream] : streams, damage)
          print(json, found, () => verifyText(found))
          if (!found.sound) process.exitCode = 1
        },
        note,
      )
    })
}
