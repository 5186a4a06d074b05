import { Quality, readNumber } from '../../../agent/core/index.ts'
import type { Decode, FormatOptions } from './contract.ts'
import { show } from './show.ts'

const pair = /^([A-Za-z_][\w.°%/-]{0,99})\s?[=:]\s?(.*)$/s
/** Blanks around the mark; few, lest many cost much. */
const around = /[ \t]{0,4}([=:])[ \t]{0,4}/g
const timeKeys = ['ts', 'timestamp', 'time']

/** True where text is `name=value`, once or more. */
export function looksLikePairs(text: string): boolean {
  return /^[A-Za-z_][\w.-]*=[^\s=,;&]+(?:[\s,;&]+[A-Za-z_][\w.-]*=[^\s=,;&]*)*[\s,;&]*$/.test(text)
}

/** `T=21.50 H=40`, as loggers and microcontrollers write: pairs apart by blanks, commas, semicolons, `&` or lines. */
export function pairsFormat(options: FormatOptions): Decode {
  const { times, timeField, mark } = options
  const separators = mark === ',' ? /[\s;&]+/ : /[\s,;&]+/
  return (bytes, start, end, receiver) => {
    const text = bytes.toString('utf8', start, end).replace(around, '$1')
    const found = text.split(separators, 10_000).filter((part) => part !== '')
    const values = new Map<string, string>()
    for (const part of found) {
      const match = pair.exec(part)
      if (match) values.set(match[1], match[2])
      else receiver.reject('malformed', `${show(part)} is not name=value`)
    }
    const timeKey = timeField ?? timeKeys.find((key) => values.has(key))
    const raw = timeKey === undefined ? undefined : values.get(timeKey)
    const time = times ? times.read(raw) : Number.NaN
    if (time === undefined) {
      receiver.reject('time', `${show(raw)} is no time (${times?.unit})${times?.problem ? `: ${times.problem}` : ''}`)
      return
    }
    const quality = times?.ambiguous ? Quality.uncertain : Quality.good
    for (const [name, text] of values) {
      if (name === timeKey && times) continue
      const number = readNumber(text, mark)
      if (number === undefined) receiver.text(name, time, text, quality)
      else receiver.number(name, time, number, quality)
    }
  }
}
