import { SourceError, type TagDefinition } from '../../agent/core/index.ts'
import type { LabelColumn } from './labels.ts'
import type { ReadSettings } from './settings.ts'

/** A column that becomes a tag, or one per asset. */
export interface ValueColumn {
  /** Place in a record, from 0. */
  readonly place: number
  readonly name: string
  /** Name of its tags, with `{asset}` where that is part of it. */
  readonly tag: string
  readonly definition: Omit<TagDefinition, 'name' | 'type'>
  /** As stated; undefined: by content. */
  readonly type: TagDefinition['type'] | undefined
  readonly words: ReadonlyMap<string, number> | undefined
}

/** What is where in the records of a file. Places count from 0; -1: no such column. */
export interface CsvLayout {
  /** Cells in every record. */
  readonly width: number
  readonly time: number
  readonly counter: number
  readonly asset: number
  readonly values: readonly ValueColumn[]
  readonly labels: readonly LabelColumn[]
}

const usualTimes = new Set(['time', 'timestamp', 'datetime', 'date', 'ts'])

/** Finds the columns that the settings name. Throws a SourceError where one is not there or none is left to read. */
export function layoutOf(names: readonly string[], settings: ReadSettings, file: string): CsvLayout {
  const find = (name: string | undefined, key: string): number => {
    if (name === undefined) return -1
    const place = names.indexOf(name)
    if (place < 0) throw unknownColumn(name, key, names, file)
    return place
  }
  for (const name of Object.keys(settings.tags)) find(name, 'tags')
  const counter = find(settings.counter, 'counter')
  const asset = find(settings.asset, 'asset')
  const time = counter >= 0 ? -1 : timeColumn(names, find(settings.time, 'time'), file)
  const labels = Object.entries(settings.labels).map(([name, label]): LabelColumn => {
    if (asset < 0 && label.asset === undefined) throw namelessAsset(name, file)
    return { place: find(name, 'labels'), name, of: find(label.of, `labels.${name}.of`), settings: label }
  })
  const ofLabels = labels.flatMap(({ place, of }) => [place, of])
  const used = new Set([time, counter, asset, ...ofLabels, ...settings.ignore.map((name) => find(name, 'ignore'))])
  // A column without a name, such as after a delimiter at the end of the line, is nothing to make a tag of.
  const values = names.flatMap((name, place) =>
    used.has(place) || name === '' ? [] : [valueColumn(name, place, settings)],
  )
  const twice = values.find(({ name, place }) => names.indexOf(name) !== place)
  if (twice)
    throw new SourceError('SOURCE_DATA', `${file} has two columns named "${twice.name}"`, {
      remedy: 'Rename one of them, or list the name under `ignore`.',
    })
  if (values.length === 0 && labels.length === 0)
    throw new SourceError('SOURCE_DATA', `${file} has no column of values; its columns are ${list(names)}`, {
      remedy: 'Check `delimiter` and `ignore`.',
    })
  return { width: names.length, time, counter, asset, values, labels }
}

function namelessAsset(name: string, file: string): SourceError {
  return new SourceError('SOURCE_DATA', `${file} does not say which asset the labels in "${name}" are about`, {
    remedy: `Name it under \`labels.${name}.asset\`, or a column of assets under \`asset\`.`,
  })
}

function valueColumn(name: string, place: number, settings: ReadSettings): ValueColumn {
  const given = settings.tags[name] ?? {}
  const { tag, type, words, ...definition } =
    typeof given === 'string' ? { tag: given, type: undefined, words: undefined } : given
  const usual = settings.tag ?? (settings.asset === undefined ? '{column}' : '{asset}/{column}')
  return {
    place,
    name,
    tag: (tag ?? usual).replaceAll('{column}', () => name),
    definition,
    type: words ? 'number' : type,
    words: words && new Map(Object.entries(words)),
  }
}

function timeColumn(names: readonly string[], stated: number, file: string): number {
  if (stated >= 0) return stated
  const place = names.findIndex((name) => usualTimes.has(name.toLowerCase()))
  if (place >= 0) return place
  throw new SourceError('SOURCE_DATA', `${file} has no column of times; its columns are ${list(names)}`, {
    remedy: 'Name the column under `time`, or one that counts periods under `counter`.',
  })
}

function unknownColumn(name: string, key: string, names: readonly string[], file: string): SourceError {
  return new SourceError('SOURCE_DATA', `${file} has no column "${name}"; its columns are ${list(names)}`, {
    remedy: `Correct \`${key}\`, or \`delimiter\` if the columns look run together.`,
  })
}

const list = (names: readonly string[]): string =>
  names.length === 0
    ? 'none'
    : names
        .slice(0, 40)
        .map((name) => `"${name}"`)
        .join(', ')

const delimiters = ['\t', ';', ','] as const

/** The delimiter of a file: as stated, or else the one most frequent in its first line outside quotes, or else blanks. */
export function delimiterOf(setting: ReadSettings['delimiter'], firstLine: string): string {
  if (setting !== 'auto') return setting === 'tab' ? '\t' : setting === 'space' ? ' ' : setting
  const plain = firstLine.replace(/"[^"]*"/g, '')
  let best = /\S[ \t]+\S/.test(plain) ? ' ' : ','
  let most = 0
  for (const delimiter of delimiters) {
    const count = plain.split(delimiter).length - 1
    if (count > most) {
      most = count
      best = delimiter
    }
  }
  return best
}
