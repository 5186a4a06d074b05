// Longer than others: each finding about a column narrows what the next may be.
import { basename } from 'node:path'
import {
  badWords,
  booleanOfWord,
  isUnit,
  missingTest,
  readMeasured,
  readNumber,
  type DecimalMark,
  type TagDefinition,
  type TagType,
} from '../../agent/core/index.ts'
import type { LabelColumn } from './labels.ts'
import { decimalMarks, markEvidence } from './marks.ts'
import { qualityCoding, qualityName, QualityCells } from './quality-cells.ts'
import type { ReadSettings } from './settings.ts'
import { unbracketed, type Table } from './table.ts'
import { list, placeOf, refused } from './time-columns.ts'

/** How the values of a column, or of a signal of the long form, become samples of a tag. */
export interface Signal {
  readonly name: string
  /** Name of its tags, with `{asset}` where that is part of it. */
  readonly tag: string
  readonly definition: Omit<TagDefinition, 'name' | 'type'>
  readonly type: TagType
  readonly words: ReadonlyMap<string, number> | undefined
  /** Undefined: numbers have no mark but a point, and nothing sets thousands apart. */
  readonly mark: DecimalMark | undefined
}

/** A column that becomes a tag, or one per asset. Places count from 0. */
export interface ValueColumn extends Signal {
  readonly place: number
  readonly quality: number
}

/** What is where in the rows of a file. Places count from 0; -1: no such column. */
export interface CsvLayout {
  readonly form: 'wide' | 'long' | 'cycles'
  /** Cells in every row. */
  readonly width: number
  readonly asset: number
  /** Of the wide form; of cycles the places of its samples, all of one signal. */
  readonly values: readonly ValueColumn[]
  readonly qualities: ReadonlyMap<number, QualityCells>
  readonly labels: readonly LabelColumn[]
  /** Of the long form. */
  readonly long?: { readonly name: number; readonly value: number; readonly quality: number; readonly unit: number }
  /** The decimal mark where no column has one of its own. */
  readonly mark: DecimalMark | undefined
}

export interface LayoutFinding {
  readonly layout: CsvLayout
  readonly notes: readonly string[]
}

/** Finds the columns of signals. Throws a SourceError (SOURCE_DATA) where one is not there or none is left to read. */
export function layoutOf(table: Table, used: readonly number[], settings: ReadSettings, path: string): LayoutFinding {
  return new Columns(table, used, settings, path).layout()
}

const signalNames =
  /^(tag|tag ?name|name|signal|signal ?name|variable|var ?name|variable ?name|sensor|sensor ?id|sensor ?name|point|point ?name|point ?id|item|item ?name|item ?id|metric|channel|channel ?name|parameter|measurement|field|topic|series|node|node ?id|attribute|characteristic|messstelle|bezeichnung|kanal|signalname)$/
const valueNames = /^(value|val|var ?value|wert|messwert|reading|numeric ?value|data ?value|tag ?value|valeur|valor|result value|measured value)$/ // prettier-ignore
const unitNames = /^(unit|units|uom|eu|einheit|engineering units?)$/
const looked = 500

/** The columns of one table on their way to a layout. */
class Columns {
  readonly #table: Table
  readonly #settings: ReadSettings
  readonly #path: string
  readonly #used: Set<number>
  readonly #notes: string[] = []
  readonly #isMissing: (text: string) => boolean
  readonly #isBad: (text: string) => boolean

  constructor(table: Table, used: readonly number[], settings: ReadSettings, path: string) {
    this.#table = table
    this.#settings = settings
    this.#path = path
    this.#used = new Set(used)
    this.#isMissing = missingTest(settings.missing)
    this.#isBad = missingTest(badWords)
  }

  layout(): LayoutFinding {
    const { settings, names } = { settings: this.#settings, names: this.#table.names }
    for (const name of settings.ignore) this.#used.add(this.#find(name, 'ignore'))
    const asset = settings.asset === undefined ? -1 : this.#find(settings.asset, 'asset')
    if (asset >= 0) this.#used.add(asset)
    const labels = this.#labels(asset)
    if (asset < 0 && settings.ends?.asset.includes('{asset}')) throw refused(`${this.#path} does not say which asset ends with it`, 'Name it under `ends`: { label: failure, asset: line1/press2 }, or a column of assets under `asset`.') // prettier-ignore
    const form = settings.form === 'auto' ? (this.#long() ? 'long' : 'wide') : settings.form
    const marks = this.#marks()
    const mark = marks.find((one) => one !== undefined)
    const common = { width: names.length, asset, labels, mark, form }
    if (form === 'long') return this.#done({ ...common, ...this.#longLayout() })
    const qualities = new Map<number, QualityCells>()
    const qualityOf = form === 'wide' ? this.#qualities(qualities) : new Map<number, number>()
    if (form === 'wide') for (const name of Object.keys(settings.tags)) this.#find(name, 'tags')
    const values = names.flatMap((name, place) => (this.#used.has(place) || this.#isNameless(name, place) ? [] : [{ ...this.#signal(name, place, marks[place]), place, quality: qualityOf.get(place) ?? -1 }])) // prettier-ignore
    if (values.length === 0 && labels.length === 0) throw refused(`${this.#path} has no column of values; its columns are ${list(names)}`, 'Check `delimiter` and `ignore`.') // prettier-ignore
    return this.#done({ ...common, values, qualities })
  }

  #done(layout: CsvLayout): LayoutFinding {
    return { layout, notes: this.#notes }
  }

  #find(name: string, key: string): number {
    return placeOf(this.#table, name, key, this.#path)
  }

  /** The cells of a column at the beginning of the file that hold something. */
  #cells(place: number): string[] {
    const found: string[] = []
    for (const { cells } of this.#table.rows) {
      if (cells.length > place && !this.#isMissing(cells[place]) && found.length < looked) found.push(cells[place])
    }
    return found
  }

  #labels(asset: number): LabelColumn[] {
    return Object.entries(this.#settings.labels).map(([name, label]) => {
      if (asset < 0 && label.asset === undefined) {
        throw refused(`${this.#path} does not say which asset the labels in "${name}" are about`, `Name it under \`labels.${name}.asset\`, or a column of assets under \`asset\`.`) // prettier-ignore
      }
      const place = this.#find(name, 'labels')
      const of = label.of === undefined ? -1 : this.#find(label.of, `labels.${name}.of`)
      this.#used.add(place).add(of)
      return { place, name, of, settings: label }
    })
  }

  /** A column without a name, such as after a delimiter at the end of a line, is none where it is empty or counts rows. */
  #isNameless(name: string, place: number): boolean {
    if (name !== '') return false
    const cells = this.#cells(place)
    return cells.length === 0 || (place === 0 && cells.every((cell, at) => Number(cell) === Number(cells[0]) + at))
  }

  #marks(): readonly (DecimalMark | undefined)[] {
    const { names } = this.#table
    if (this.#settings.decimal !== 'auto') {
      const { decimal } = this.#settings
      return names.map(() => decimal)
    }
    const evidence = names.map((_, place) => markEvidence(this.#used.has(place) ? [] : this.#cells(place)))
    const points = this.#table.rows.some(({ cells }) => cells.some((cell) => /^\d\d?\.\d\d?\.\d{4}/.test(cell)))
    const { marks, open } = decimalMarks(evidence, points && this.#table.delimiter !== ',')
    if (open) {
      throw refused(`${this.#path} has numbers such as ${open.example} in the column "${names[open.place]}", which can be read in two ways`, 'State the decimal mark: `decimal: "."` or `decimal: ","`.') // prettier-ignore
    }
    return marks
  }

  /** Places of the columns of the long form, where the names say that it is one. */
  #long(): { name: number; value: number } | undefined {
    const { names } = this.#table
    const { name, value } = this.#settings
    if (name !== undefined && value !== undefined) return { name: this.#find(name, 'name'), value: this.#find(value, 'value') } // prettier-ignore
    const bare = names.map((one) => one.trim().toLowerCase().replace(/^_/, '').replace(/[_-]/g, ' '))
    const place = (pattern: RegExp) => bare.findIndex((one, at) => pattern.test(one) && !this.#used.has(at))
    const found = {
      name: name === undefined ? place(signalNames) : this.#find(name, 'name'),
      value: value === undefined ? place(valueNames) : this.#find(value, 'value'),
    }
    // `_field` of InfluxDB stands beside `_measurement`, and is the finer of the two.
    if (name === undefined && names.includes('_field')) found.name = names.indexOf('_field')
    if (found.name < 0 || found.value < 0) return undefined
    const isNumber = (cell: string) => readNumber(cell, '.') !== undefined
    return this.#settings.form === 'long' || !this.#cells(found.name).every(isNumber) ? found : undefined
  }

  #longLayout(): Pick<CsvLayout, 'values' | 'qualities' | 'long'> {
    const places = this.#long()
    const { names } = this.#table
    if (!places) throw refused(`${this.#path} does not say which signal a row is about; its columns are ${list(names)}`, 'Name the columns under `name` and `value`.') // prettier-ignore
    const qualities = new Map<number, QualityCells>()
    const { quality: stated } = this.#settings
    let quality = typeof stated === 'object' ? this.#find(Object.values(stated)[0], 'quality') : -1
    if (stated === 'auto') quality = names.findIndex((name, at) => !this.#used.has(at) && at !== places.value && qualityName(name) === '') // prettier-ignore
    if (quality >= 0 && !this.#takeQuality(quality, qualities)) quality = -1
    return { values: [], qualities, long: { ...places, quality, unit: names.findIndex((name) => unitNames.test(name.trim().toLowerCase())) } } // prettier-ignore
  }

  /** Quality columns by the place of their values. */
  #qualities(qualities: Map<number, QualityCells>): Map<number, number> {
    const { names } = this.#table
    const { quality } = this.#settings
    const found = new Map<number, number>()
    if (quality === 'none') return found
    const pairs = typeof quality === 'object' ? Object.entries(quality).map(([value, of]) => [this.#find(value, 'quality'), this.#find(of, 'quality')]) : this.#named() // prettier-ignore
    const unknown = new Set<number>()
    for (const [value, of] of pairs) {
      if (unknown.has(of)) continue
      if (!qualities.has(of) && !this.#takeQuality(of, qualities)) {
        unknown.add(of)
        continue
      }
      found.set(value, of)
      this.#used.add(of)
    }
    if (found.size > 0) this.#notes.push(`quality of ${[...found].slice(0, 3).map(([value, of]) => `"${names[value]}" from "${names[of]}"`).join(', ')}${found.size > 3 ? ' and others' : ''}`) // prettier-ignore
    return found
  }

  /** Columns that are named as the quality of another, or follow their values; the only one is of all. */
  #named(): number[][] {
    const { names } = this.#table
    const free = names.flatMap((name, place) => (this.#used.has(place) || this.#isNameless(name, place) ? [] : [place]))
    const qualities = free.filter((place) => qualityName(names[place]) !== undefined)
    const [only] = qualities
    if (qualities.length === 1 && qualityName(names[only]) === '')
      return free.filter((place) => place !== only).map((value) => [value, only])
    return names.flatMap((name, of) => {
      const base = this.#used.has(of) ? undefined : qualityName(name)
      if (base === undefined) return []
      const own = (one: string) =>
        one
          .trim()
          .toLowerCase()
          .replace(/[\s_.\-:/]*(value|val|v|wert)$/, '')
      const value = base === '' ? of - 1 : names.findIndex((one, place) => place !== of && own(one) === own(base))
      return value >= 0 && !this.#used.has(value) && qualityName(names[value]) === undefined ? [[value, of]] : []
    })
  }

  #takeQuality(place: number, qualities: Map<number, QualityCells>): boolean {
    const { good } = this.#settings
    const name = this.#table.names[place]
    const coding = qualityCoding(name, this.#cells(place)) ?? (good && 'words')
    if (coding) qualities.set(place, new QualityCells(coding, good))
    else if (this.#cells(place).length > 0) this.#notes.push(`"${name}" may be a quality, but what its cells mean is not known: state \`quality\` and \`good\`, or \`quality: none\``) // prettier-ignore
    return coding !== undefined
  }

  #signal(name: string, place: number, mark: DecimalMark | undefined): Signal {
    const cells = this.#cells(place)
    const stated = this.#table.units[place] || unitOfName(name)
    return signalOf(
      name === '' ? `column${place + 1}` : name,
      cells,
      mark,
      stated,
      this.#settings,
      this.#path,
      this.#isBad,
    )
  }
}

/** What is made of the values of a signal, by the cells of the beginning that hold something. */
export function signalOf(
  name: string,
  cells: readonly string[],
  mark: DecimalMark | undefined,
  unit: string,
  settings: ReadSettings,
  path: string,
  isBad: (text: string) => boolean,
): Signal {
  const given = Object.hasOwn(settings.tags, name) ? settings.tags[name] : {}
  const { tag, type, words, ...definition } = typeof given === 'string' ? { tag: given } : given
  const { counted, measured } = typesOf(cells, mark, isBad)
  const usual = settings.tag ?? (settings.asset === undefined ? '{column}' : '{asset}/{column}')
  const known = unit || measured
  return {
    name,
    tag: (tag ?? usual).replaceAll('{column}', () => name).replaceAll('{file}', () => fileName(path)),
    definition: { ...(known !== '' && { unit: known }), ...definition },
    type: words ? 'number' : (type ?? counted),
    words: words && new Map(Object.entries(words)),
    mark,
  }
}

/** A file's name without folder and endings. */
export function fileName(path: string): string {
  return basename(path)
    .replace(/\.gz$/i, '')
    .replace(/\.[A-Za-z0-9]{1,5}$/, '')
}

/** What most cells are, numbers where it is a draw; and the unit behind the numbers, empty where there is none. */
function typesOf(cells: readonly string[], mark: DecimalMark | undefined, isBad: (text: string) => boolean) {
  const counts = { number: 0, boolean: 0, text: 0 }
  const units = new Map<string, number>()
  for (const cell of cells) {
    if (isBad(cell)) continue
    const measured = numberIn(cell, mark) === undefined ? readMeasured(cell, mark ?? '.') : undefined
    if (measured?.value !== undefined) units.set(measured.unit, (units.get(measured.unit) ?? 0) + 1)
    if (measured?.value !== undefined || numberIn(cell, mark) !== undefined) counts.number++
    else counts[booleanOfWord(cell) === undefined ? 'text' : 'boolean']++
  }
  const { number, boolean, text } = counts
  // A word for yes or no among other words is a state like them.
  const counted: TagType = number >= boolean && number >= text ? 'number' : boolean > 9 * text ? 'boolean' : 'text'
  const [measured = ''] = [...units].sort(([, a], [, b]) => b - a).map(([unit]) => unit)
  return { counted, measured }
}

/** A number by the mark of its column; without one, by either mark where both say the same. */
export function numberIn(written: string, mark: DecimalMark | undefined): number | undefined {
  const text = written.replace(/^\u2212/, '-')
  if (mark !== undefined) return readNumber(text, mark)
  const plain = readNumber(text)
  if (plain !== undefined) return plain
  const number = readNumber(text, '.')
  return number === readNumber(text, ',') ? number : undefined
}

/** The unit in a name such as `temp [degC]`, `Druck (bar)` or `Öltemp °C`; empty where there is none. */
function unitOfName(name: string): string {
  // A unit is short: of longer names the end is looked at, in a time that does not grow with them.
  const end = name.trim().slice(-100)
  const [bracketed] = (/[[(<][^\])>]*[\])>]$/.exec(end) ?? []) as (string | undefined)[]
  const [, word = ''] = /\s(\S+)$/.exec(end) ?? []
  const unit = unbracketed(bracketed ?? word)
  return isUnit(unit) && (bracketed !== undefined || /[^A-Za-z]|^[a-zµ][A-Z]?[a-z]*$/.test(unit)) ? unit : ''
}
