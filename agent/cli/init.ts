import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import { parseConfig } from '../../config/index.ts'
import { schema } from '../settings/index.ts'
import { AgentError, SourceError, TagTable, tagFilter } from '../core/index.ts'
import { Asker } from './init/ask.ts'
import { readFiles } from './init/csv.ts'
import { readBroker } from './init/mqtt.ts'
import { readServer, type Plant } from './init/opcua.ts'
import type { InitOptions } from './init/options.ts'
import { proposeClasses, type ProposedClass, type ProposedTag } from './init/propose.ts'
import { toYaml, windowFor } from './init/write.ts'
import { signalsText, studyFiles } from './signals.ts'
import { jsonOption, paint, plural, table } from './output.ts'
import { positive } from './top.ts'

/** Samples of files that are looked at for what kind of signals they are of. */
const studied = 2_000_000

/** `millwright init`: a configuration from what a server, a broker or files hold. */
export function init(): Command {
  const command = new Command('init')
    .argument(
      '<address>',
      'opc.tcp://10.0.0.5:4840, mqtt://broker:1883 (also mqtts, ws, wss), a CSV file, a folder or a pattern of them',
      addressOf,
    )
    .option('--out <file>', 'file to write; - for standard output', 'plant.yaml')
    .option('--data <folder>', 'folder of journal, models and keys', 'data')
    .option('--site <name>', 'name of the plant')
    .option('--name <name>', 'name of the connector')
    .option('-y, --yes', 'ask nothing: take every proposal. Trusts no certificate: see --trust')
    .option('--force', 'overwrite the file')
    .option('--tags <patterns...>', 'only these tags, such as line3/**')
    .option('--user <name>', 'user name')
    .option('--password-file <file>', 'file that holds the password')
    .addOption(jsonOption())
  const opcua = [
    new Option('--trust <thumbprint>', 'trust the server certificate with this thumbprint'),
    new Option('--insecure', 'connect without security'),
    new Option('--node <id>', 'node to begin at, instead of Objects'),
    new Option('--most <nodes>', 'most nodes to visit').default(20_000).argParser(positive),
  ]
  const mqtt = [
    new Option('--seconds <n>', 'how long to listen').default(20).argParser(positive),
    new Option('--filter <topics...>', 'topic filters to listen to').default(['#']),
    new Option('--ca <file>', 'certificate authority of the broker (PEM)'),
  ]
  const files = [
    new Option('--set <settings...>', 'how files are read where they cannot tell, such as decimal=, start=2024-03-05'),
  ]
  for (const option of files) command.addOption(option.helpGroup('CSV:'))
  for (const option of opcua) command.addOption(option.helpGroup('OPC UA:'))
  for (const option of mqtt) command.addOption(option.helpGroup('MQTT:'))
  return command
    .addHelpText(
      'after',
      `
On a terminal it asks what it cannot know; in a script everything is said by options.

Example:
  $ millwright init opc.tcp://10.0.0.5:4840
  $ millwright init opc.tcp://10.0.0.5:4840 --yes --trust 3f2a90c1 --user millwright --password-file plc.password
  $ millwright init mqtt://broker:1883 --filter 'plant/#' --seconds 60 --out plant.yaml
  $ millwright init march.csv
  $ millwright init 'exports/*.csv.gz' --set timezone=Europe/Berlin`,
    )
    .action(make)
}

function addressOf(text: string): string {
  if (/^(opc\.tcp|mqtts?|wss?):\/\/[^\s/]/.test(text)) return text
  if (!text.includes('://') && (existsSync(text) || /[*?]/.test(text))) return text
  throw new InvalidArgumentError(
    'Expected opc.tcp://host:4840, mqtt://host:1883 (also mqtts, ws, wss) or a file that is there.',
  )
}

async function make(address: string, options: InitOptions): Promise<void> {
  const ask = new Asker(options.yes ?? false)
  await mayWrite(options, ask)
  const isServer = address.startsWith('opc.tcp:')
  const isFile = !address.includes('://')
  const plant = await (isServer ? readServer : isFile ? readFiles : readBroker)(address, options, ask)
  const { tags, wants } = await choose(plant, options, ask)
  const classes = proposeClasses(tags)
  ask.say(`${paint('bold', 'Machines')}\n${table(classes.map(classRow)) || '  none was recognised'}`)
  const monitored = await chooseMonitors(classes, ask)
  let site = await ask.text('Name of the plant:', options.site ?? siteName())
  while (ask.interactive && !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(site))
    site = await ask.text('Letters, digits, "-", "_" and "." only:', siteName())
  const name = options.name ?? (isServer ? 'plc' : isFile ? 'files' : 'broker')
  const { about, interval } = plant
  const proposal = {
    site,
    data: options.data,
    about,
    connector: { name, lines: plant.lines(wants) },
    classes,
    monitored,
  }
  const text = toYaml({ ...proposal, window: windowFor(interval) })
  // A configuration that does not pass its own check must not be handed out.
  const config = parseConfig(text, { schema, args: [] })
  await write(text, options.out)
  if (isFile) ask.say(`\n${signalsText(await studyFiles(config, [address], studied))}`)
  report(options, tags, classes, monitored, ask, isFile ? address : undefined)
}

async function mayWrite({ out, force }: InitOptions, ask: Asker): Promise<void> {
  if (out === '-' || force || !existsSync(out)) return
  if (await ask.yes(`${out} exists. Overwrite it?`, false)) return
  throw new AgentError('AGENT_REFUSED', `${out} exists already`, {
    remedy: 'Name another file with --out, or overwrite it with --force.',
  })
}

async function choose(
  plant: Plant,
  options: InitOptions,
  ask: Asker,
): Promise<{ tags: ProposedTag[]; wants: (tag: string) => boolean }> {
  let patterns = options.tags ?? ['**']
  for (;;) {
    const wants = matcher(patterns)
    const tags = plant.tags.filter(({ tag }) => wants(tag))
    if (tags.length > 0 && (options.tags || !ask.interactive)) return { tags, wants }
    if (!ask.interactive)
      throw new SourceError(
        'SOURCE_DATA',
        plant.tags.length === 0 ? 'no signal was found' : `no tag fits ${patterns.join(' ')}`,
        {
          remedy:
            plant.tags.length === 0
              ? 'Begin elsewhere with --node or --filter, or listen longer.'
              : `There are ${plant.tags[0].tag} and others.`,
        },
      )
    ask.say(
      `${plural(plant.tags.length, 'signal')}, such as ${plant.tags
        .slice(0, 3)
        .map(({ tag }) => tag)
        .join(', ')}`,
    )
    const answer = await ask.text('Which of them? Patterns such as line3/**, separated by blanks:', patterns.join(' '))
    const chosen = answer.split(/[\s,]+/).filter((pattern) => pattern !== '')
    const fits = plant.tags.filter(({ tag }) => matcher(chosen)(tag))
    if (fits.length > 0) return { tags: fits, wants: matcher(chosen) }
    ask.say(`No tag fits ${answer}.`)
    patterns = ['**']
  }
}

/** Patterns over names, as operators have them. */
function matcher(patterns: readonly string[]): (tag: string) => boolean {
  const tags = new TagTable()
  const filter = tagFilter(tags, patterns)
  return (tag) => filter(tags.resolve({ name: tag, type: 'number' }).index)
}

async function chooseMonitors(classes: readonly ProposedClass[], ask: Asker): Promise<string[]> {
  const monitored: string[] = []
  for (const { name, roles, assets } of classes) {
    // One signal alone has no relations that could change.
    const useful = roles.length > 1
    if (
      await ask.yes(
        `Watch ${name} (${plural(assets.length, 'machine')}, ${plural(roles.length, 'signal')} each) for anomalies?`,
        useful,
      )
    )
      monitored.push(name)
  }
  return monitored
}

function classRow({ name, pattern, assets, roles }: ProposedClass): string[] {
  const signals = `${roles.slice(0, 5).join(', ')}${roles.length > 5 ? ' ...' : ''}`
  return [name, pattern, plural(assets.length, 'machine'), signals]
}

function siteName(): string {
  return (
    hostname()
      .split('.')[0]
      .replace(/[^A-Za-z0-9-]/g, '-')
      .replace(/^-+/, '') || 'plant'
  )
}

async function write(text: string, out: string): Promise<void> {
  if (out === '-') {
    process.stdout.write(text)
    return
  }
  await writeFile(`${out}.part`, text)
  await rename(`${out}.part`, out)
}

function report(
  { out, json }: InitOptions,
  tags: readonly ProposedTag[],
  classes: readonly ProposedClass[],
  monitored: readonly string[],
  ask: Asker,
  file: string | undefined,
): void {
  if (json && out !== '-') {
    console.log(
      JSON.stringify(
        { out, tags: tags.map(({ tag }) => tag), classes, monitors: monitored.map((name) => `${name}-health`) },
        null,
        2,
      ),
    )
    return
  }
  if (out === '-') return
  const [first] = monitored
  const next = file === undefined || monitored.length === 0 ? ['test --once'] : [`train --config ${out} --monitor ${first}-health --data ${file}`, `replay --config ${out} --data ${file} --out predictions.csv`] // prettier-ignore
  const commands = [...next, 'run'].map((command) => `  $ millwright ${command.includes('--config') ? command : `${command} --config ${out}`}`) // prettier-ignore
  const counts = [plural(tags.length, 'tag'), `${plural(classes.length, 'kind')} of machines`, plural(monitored.length, 'monitor')] // prettier-ignore
  ask.say(`\n${paint('green', '✔')} ${out}: ${counts.join(', ')}. Next:\n${commands.join('\n')}`)
}
