import { plainNumber, Quality } from '../../../agent/core/index.ts'
import type { Decode, FormatOptions, Receiver } from './contract.ts'
import { show } from './show.ts'

/** Stands between the series and the name of a field; no payload in line protocol holds it. */
const separator = '\0'

/** A point of InfluxDB line protocol: `measurement,tag=a field=1.5,count=3i 1700000000000000000`. */
const lineStart = /^(?:\\.|[^\s,=\\"])+(?:,(?:\\.|[^\s,=\\])+=(?:\\.|[^\s,=\\])+)*\s+(?:\\.|[^\s,=\\])+=/
/** Characters of measurement and tags, together: they stand before the name of every field. */
const longestSeries = 1_000

/** True where text begins like a point of line protocol. */
export function looksLikeLine(text: string): boolean {
  return lineStart.test(text)
}

/**
 * InfluxDB line protocol, any number of points. The field of a value is `measurement,tags`, NUL and the name, as in the
 * line with its escapes: `parseLineField` takes it apart. Times count nanoseconds unless the options say otherwise; `auto` takes
 * their magnitude.
 */
export function lineFormat(options: FormatOptions): Decode {
  return (bytes, start, end, receiver) => {
    const text = bytes.toString('utf8', start, end)
    for (const line of splitOutsideQuotes(text, '\n')) {
      const trimmed = line.trim()
      if (trimmed !== '' && !trimmed.startsWith('#')) readPoint(trimmed, options, receiver)
    }
  }
}

function readPoint(line: string, options: FormatOptions, receiver: Receiver): void {
  const parts = splitOutsideQuotes(line, ' ').filter((part) => part !== '')
  const [series, fields, rawTime] = parts
  if (parts.length < 2 || parts.length > 3) {
    receiver.reject('malformed', `not a point of line protocol: ${show(line)}`)
    return
  }
  if (series.length > longestSeries) {
    receiver.reject('unmapped', `measurement and tags of ${series.length} characters`)
    return
  }
  const { times } = options
  const time = times ? times.read(rawTime) : Number.NaN
  if (time === undefined) {
    receiver.reject('time', `${show(rawTime)} is no time (${times?.unit})`, series)
    return
  }
  for (const pair of splitOutsideQuotes(fields, ',')) {
    const equals = unescapedIndex(pair, '=')
    if (equals <= 0) {
      receiver.reject('malformed', `${show(pair)} is not field=value`, series)
      return
    }
    readValue(`${series}${separator}${pair.slice(0, equals)}`, time, pair.slice(equals + 1), receiver)
  }
}

function readValue(field: string, time: number, raw: string, receiver: Receiver): void {
  if (/^[+-]?\d{1,40}[iu]$/.test(raw)) {
    receiver.integer(field, time, BigInt(raw.slice(0, -1).replace('+', '')), Quality.good)
    return
  }
  if (/^(?:t|T|true|True|TRUE)$/.test(raw)) {
    receiver.boolean(field, time, true, Quality.good)
    return
  }
  if (/^(?:f|F|false|False|FALSE)$/.test(raw)) {
    receiver.boolean(field, time, false, Quality.good)
    return
  }
  if (raw.length >= 2 && raw.startsWith('"') && raw.endsWith('"')) {
    receiver.text(field, time, raw.slice(1, -1).replace(/\\(["\\])/g, '$1'), Quality.good)
    return
  }
  const value = plainNumber(raw)
  if (value !== undefined) receiver.number(field, time, value, Quality.good)
  else if (/^[+-]?(?:inf|infinity|nan)$/i.test(raw)) receiver.absent(field, time)
  else receiver.reject('malformed', `${show(raw)} is no value of line protocol`, field)
}

/** What a field of `lineFormat` names. */
export interface LineField {
  readonly measurement: string
  readonly tags: ReadonlyMap<string, string>
  readonly field: string
}

/** Takes a field of `lineFormat` apart, escapes removed; undefined where it is none. */
export function parseLineField(key: string): LineField | undefined {
  const end = key.indexOf(separator)
  if (end < 0) return undefined
  const [measurement, ...pairs] = splitOutsideQuotes(key.slice(0, end), ',')
  const tags = new Map<string, string>()
  for (const pair of pairs) {
    const equals = unescapedIndex(pair, '=')
    if (equals > 0) tags.set(unescape(pair.slice(0, equals)), unescape(pair.slice(equals + 1)))
  }
  return { measurement: unescape(measurement), tags, field: unescape(key.slice(end + 1)) }
}

function unescape(text: string): string {
  return text.replace(/\\([,= \\"])/g, '$1')
}

function unescapedIndex(text: string, mark: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === mark) return i
  }
  return -1
}

/** The parts between marks that are neither escaped nor in a quoted field value (a quote after `=`). */
function splitOutsideQuotes(text: string, mark: string): string[] {
  const parts: string[] = []
  let quoted = false
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '\\') i++
    else if (character === '"' && (quoted || text[i - 1] === '=')) quoted = !quoted
    else if (character === mark && !quoted) {
      parts.push(text.slice(from, i))
      from = i + 1
    }
  }
  parts.push(text.slice(from))
  return parts
}
