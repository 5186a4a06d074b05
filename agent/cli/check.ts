import { Command, Option } from 'commander'
import { ConfigError, type ConfigProblem } from '../core/index.ts'
import { certificateFindings } from '../http/index.ts'
import { type Config, namesOf } from '../settings/index.ts'
import { jsonOption, plural, print } from './output.ts'
import { farSides, type Told } from './far-sides.ts'
import { signalsText, studyFiles, type ClassSignals } from './signals.ts'
import { positive } from './top.ts'
import { configOption, loadOrExit, overrides, overridesOf } from './configuration.ts'

interface CheckOptions {
  readonly config: string
  readonly connect?: boolean
  readonly data?: readonly string[]
  readonly seconds: number
  readonly json?: boolean
}

const help = `
Example:
  $ millwright check plant.yaml
  $ millwright check plant.yaml --connect
  $ millwright check plant.yaml --data march.csv

Exits with 78 where there are problems, with 1 where something is not there that it needs.`

/** `millwright check`: is the configuration right? */
export function check(): Command {
  const command = new Command('check')
    .argument('[file]', 'the configuration, instead of --config')
    .addOption(configOption())
    .option('--connect', 'look at the far sides too: files, servers, topics, the tags of each class of assets')
    .option('--data <files...>', 'look at CSV files too: what kind of signal each is, and what models will learn')
    .addOption(new Option('--seconds <n>', 'how long to listen, with --connect').default(10).argParser(positive))
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(async (file: string | undefined, options: CheckOptions) => {
      const path = file ?? options.config
      const { config } = await loadOrExit(path, overridesOf({ ...options, data: undefined }))
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
      const warnings = [...advice(config), ...(options.connect ? await farSides(config, options.seconds) : [])]
      const told = warnings.map(({ about, text, remedy = '' }) => `\n${about}: ${text}. ${remedy}`.trimEnd())
      const right = warnings.every(({ level }) => level !== 'trouble')
      if (!right) process.exitCode = 1
      const signals = options.data && (await studyFiles(config, options.data))
      const seen = signals ? `\n${signalsText(signals)}` : ''
      const verdict = right ? 'is right' : 'is well written, and will not work as it stands'
      print(
        options.json,
        { file: path, right, ...names, warnings, ...(signals && { signals: plain(signals) }) },
        () =>
          `${path} ${verdict}: ${count(connectors, 'connector')}, ${count(assets, 'asset class').replace('classs', 'classes')}, ${count(monitors, 'monitor')}, ${count(inspections, 'station')}.${sourceless}${told.join('')}${seen}`,
      )
    })
  // The folder of the agent says nothing about whether a configuration is right: --data names files here, as in other commands.
  for (const option of overrides) if (option.long !== '--data') command.addOption(option)
  return command
}

/** For JSON. */
function plain(classes: ClassSignals) {
  return Object.fromEntries([...classes].map(([name, signals]) => [name, Object.fromEntries(signals)]))
}

/** A configuration without a fault that does nothing at all. */
function nothingToDo({ connectors, monitors, inspections }: Config): ConfigProblem | undefined {
  if ([connectors, monitors, inspections].some((part) => Object.keys(part).length > 0)) return undefined
  const remedy = '`millwright init` makes one from a server, a broker or a file.'
  return { path: 'connectors', message: 'the configuration is empty: nothing is read and nothing is watched', remedy }
}

/** What connectors, and the certificate of the page, have to say of settings that are right and may not be meant. */
function advice({ connectors, http, inspections }: Config): Told[] {
  const page = http.tls ? certificateFindings(http.tls) : []
  const told = Object.entries(connectors).flatMap(([about, { definition, settings }]) =>
    [...(definition.advise?.(settings) ?? [])].map((finding) => ({ about, ...finding })),
  )
  const offline = Object.entries(inspections).filter(([, own]) => !own.source && namesOf(own).length === 0)
  const idle = offline.map(([name]): Told => ({ about: name, level: 'warning', text: 'the station has no source and no values: `run` judges nothing there, `train` and `inspect` take images' })) // prettier-ignore
  return [...idle, ...page.map((finding) => ({ about: 'http.tls', ...finding })), ...told]
}
