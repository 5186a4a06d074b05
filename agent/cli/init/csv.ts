import { parse } from 'yaml'
import { csv, describeFiles, type FileDescription, type ReadSettings } from '../../../connectors/csv/index.ts'
import { ConfigError } from '../../core/index.ts'
import { harmless, paint, table } from '../output.ts'
import type { Asker } from './ask.ts'
import type { Plant } from './opcua.ts'
import type { InitOptions } from './options.ts'
import { flow, scalar } from './write.ts'

const shownSignals = 6

/** Looks at a file, a folder or a pattern of CSV files, and says what it takes them for. */
export async function readFiles(path: string, { set = [] }: InitOptions, ask: Asker): Promise<Plant> {
  const given = Object.fromEntries(set.map(setting))
  const plain = await describeFiles(settingsOf(path, given))
  // Without a level before it a signal is of no machine.
  const alone = given.tag === undefined && plain.signals.every(({ tag }) => !tag.includes('/'))
  const tag = `${plain.subject.replace(/[{}/\s]+/g, '_')}/{column}`
  const found = alone ? await describeFiles(settingsOf(path, { ...given, tag })) : plain
  ask.say(`${paint('bold', path)}\n${lookText(found)}`)
  return {
    about: [`Made by millwright init from ${path}.`, ...found.words],
    tags: found.signals,
    interval: found.interval,
    lines: () => [
      'type: csv',
      `read: ${scalar(path)}`,
      ...Object.entries({ ...found.stated, ...(alone && { tag }), ...given }).map(([key, value]) => `${key}: ${typeof value === 'object' ? flow(value as object) : scalar(value)}`), // prettier-ignore
      ...(given.timezone === undefined ? ['timezone: utc # where the clock stood that wrote times without an offset, such as Europe/Berlin'] : []), // prettier-ignore
    ],
  }
}

function settingsOf(path: string, given: Readonly<Record<string, unknown>>): ReadSettings {
  const read = csv.config.safeParse({ read: path, ...given })
  if (read.success) return read.data
  const problems = read.error.issues.map(({ path: at, message }) => ({ path: `--set ${at.join('.')}`, message }))
  throw new ConfigError(problems)
}

/** `decimal=,` or `start=2024-03-05`: values as in the configuration, a time as the text that it is. */
function setting(text: string): [key: string, value: unknown] {
  const at = text.indexOf('=')
  if (at <= 0) throw new ConfigError([{ path: '--set', message: `write ${text} as key=value, such as decimal=,` }])
  const value = text.slice(at + 1)
  return [text.slice(0, at), /^[[{]|^(true|false|\d+)$/.test(value) ? (parse(value) as unknown) : value]
}

function lookText({ words, signals, rows, files }: FileDescription): string {
  const shown = signals.slice(0, shownSignals)
  const head = ['time', ...shown.map(({ tag, unit }) => harmless(unit === undefined ? tag : `${tag} [${unit}]`))]
  const lines = rows.map(({ time, values }) => [
    new Date(time).toISOString(),
    ...shown.map(({ tag }) => harmless(String(values[tag] ?? '-'))),
  ])
  const more = signals.length > shownSignals ? [`  and ${signals.length - shownSignals} other signals`] : []
  const count = files > 1 ? [`  ${files} files, read in the order of their times`] : []
  return [...words.map((word) => `  ${harmless(word)}`), ...count, '  The first rows as they will be read:', table([head, ...lines]), ...more].join('\n') // prettier-ignore
}
