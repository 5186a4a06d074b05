import { statSync } from 'node:fs'
import { columnsOf, csv, filesOf, readCsv, type ReadReport, type ReadSettings } from '../../connectors/csv/index.ts'
import { influxdb, readHistory, type InfluxSettings } from '../../connectors/influxdb/index.ts'
import type { Config } from '../settings/index.ts'
import { type Arrival, ConfigError, SourceError, type TagTable, printable } from '../core/index.ts'
import { writeBare } from './guard.ts'

/**
 * CSV files, folders or patterns as the configuration describes them, see `fileSettings`; `report` is told what is found.
 * `withoutLabels`: columns of labels may be missing.
 */
export async function* dataFile(
  config: Config,
  files: readonly string[],
  tags: TagTable,
  { report, withoutLabels = false }: { readonly report?: ReadReport; readonly withoutLabels?: boolean } = {},
): AsyncGenerator<Arrival> {
  const { name, settings } = fileSettings(config, files)
  yield* readCsv(withoutLabels ? await withLabelsOf(settings, files) : settings, tags, name, { report })
}

/**
 * How files are read: by the settings of the configuration's `csv` source, of which there may be one at most; without one by
 * the defaults. Throws a ConfigError where there are several.
 */
export function fileSettings(
  config: Config,
  files: readonly string[],
): { readonly name: string | undefined; readonly settings: ReadSettings } {
  const described = Object.entries(config.connectors).filter(
    ([, { definition, settings }]) => definition.type === csv.type && (settings as ReadSettings).read !== undefined,
  )
  if (described.length > 1) {
    const names = described.map(([name]) => name).join(', ')
    const message = `several csv sources describe files (${names}); keep the one that describes ${files.join(', ')}`
    throw new ConfigError([{ path: 'connectors', message }])
  }
  const settings = (described.at(0)?.[1].settings ?? csv.config.parse({ read: 'data' })) as ReadSettings
  return { name: described.at(0)?.[0], settings: { ...settings, read: [...files] } }
}

/** Labels are for trainings: those of columns that the first file lacks are left out. */
async function withLabelsOf(settings: ReadSettings, files: readonly string[]): Promise<ReadSettings> {
  if (Object.keys(settings.labels).length === 0) return settings
  const [first] = await filesOf(files)
  const names = await columnsOf(first.path, settings)
  const there = Object.entries(settings.labels).filter(
    ([name, { of }]) => names.includes(name) && (of === undefined || names.includes(of)),
  )
  return { ...settings, labels: Object.fromEntries(there) }
}

/** Samples out of the InfluxDB that a configuration writes to. `name`: the connector, where there are several. */
export function databaseHistory(
  config: Config,
  name: string | true,
  range: { readonly from: number; readonly to: number },
  tags: TagTable,
): AsyncIterable<Arrival> {
  const found = Object.entries(config.connectors).filter(
    ([own, { definition }]) => definition.type === influxdb.type && (name === true || own === name),
  )
  if (found.length !== 1) {
    const which = name === true ? 'influxdb' : `influxdb with the name ${name}`
    const message = `the configuration has ${found.length === 0 ? 'no' : 'more than one'} connector of the type ${which}`
    throw new ConfigError([{ path: 'connectors', message }])
  }
  const [[source, { settings }]] = found
  return readHistory(settings as InfluxSettings, { site: config.site, ...range }, tags, source)
}

/** A time as it is written on the command line, ms since epoch. */
export function instant(text: string): number {
  const time = Date.parse(text)
  if (!Number.isNaN(time)) return time
  throw new SourceError('SOURCE_DATA', `"${text}" is no time`, { remedy: 'Write it as 2026-01-05T10:00:00Z.' })
}

/** One line on a terminal that says how far long work has come; nothing where stderr is no terminal. */
export class Progress {
  readonly #what: string
  readonly #started = performance.now()
  #shown = 0

  constructor(what: string) {
    this.#what = what
  }

  show(count: number, unit: string): void {
    const now = performance.now()
    if (!process.stderr.isTTY || now - this.#shown < 200) return
    this.#shown = now
    const rate = Math.round(count / ((now - this.#started) / 1000))
    writeBare(process.stderr, `\r${this.#what}: ${format(count)} ${unit}, ${format(rate)}/s  `)
  }

  /** Says in words what it does. */
  say(step: string): void {
    const now = performance.now()
    if (!process.stderr.isTTY || now - this.#shown < 200) return
    this.#shown = now
    writeBare(process.stderr, `\r\x1b[K${printable(`${this.#what}: ${step}`)}`)
  }

  end(): void {
    if (process.stderr.isTTY) writeBare(process.stderr, '\r\x1b[K')
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000
  }
}

export function format(count: number): string {
  return count.toLocaleString('en')
}

/** Whether a path is a file that can be looked at. */
export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

/** When a model of a station that was just registered goes to work. `active`: the version at work. */
export function whenAtWork(model: string, version: string, active: string | undefined): string {
  if (active === undefined) return 'the agent works with it from its next start on'
  return `\`millwright models promote ${model} ${version}\` puts it to work`
}
