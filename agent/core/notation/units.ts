import { type DecimalMark, mostDigits, needsMark, readNumber } from './numbers.ts'

const prefixes = '(?:da|[YZEPTGMkhdcmµnpfazy])?'
const bases = 'kat|mol|rad|bar|lm|lx|cd|Hz|Pa|Wb|Bq|Gy|Sv|Wh|Ah|VAh|VA|varh|var|eV|dBA|dB|Ω|[mgsAKNJWCVFSTHLt]'
/** Units without prefixes. */
const others =
  '°C|°F|°|%|‰|ppm|ppb|rpm|min|h|d|psi|in|ft|lb|lbs|oz|gal|mph|kn|kph|gpm|cfm|BTU|hp|PS|atm|Torr|mmHg|inHg|mmH₂O|pH|NTU|FNU|VDC|VAC|Vdc|Vac|rH|RH|Nm|g_n'
const factor = `(?:(?:${others})|${prefixes}(?:${bases}))(?:[²³]|\\^?-?[1-9]|⁻[¹²³])?`
const unit = new RegExp(`^(?:1?/)?${factor}(?:[/·*]${factor}){0,3}$`)

const aliases: Readonly<Record<string, string>> = {
  '℃': '°C',
  ºC: '°C',
  '° C': '°C',
  degC: '°C',
  'deg C': '°C',
  Celsius: '°C',
  celsius: '°C',
  '℉': '°F',
  ºF: '°F',
  degF: '°F',
  'deg F': '°F',
  Fahrenheit: '°F',
  fahrenheit: '°F',
  percent: '%',
  Percent: '%',
  ohm: 'Ω',
  Ohm: 'Ω',
  'U/min': 'rpm',
  'r/min': 'rpm',
  '1/min': 'rpm',
  'min-1': 'rpm',
  RPM: 'rpm',
  sec: 's',
  hour: 'h',
  hours: 'h',
  kph: 'km/h',
  VDC: 'V',
  Vdc: 'V',
  VAC: 'V',
  Vac: 'V',
  Mbar: 'mbar',
  kw: 'kW',
  KW: 'kW',
  kwh: 'kWh',
  KWh: 'kWh',
  KWH: 'kWh',
  hz: 'Hz',
  HZ: 'Hz',
  volt: 'V',
  Volt: 'V',
  Watt: 'W',
  watt: 'W',
  Ampere: 'A',
}

/** One spelling for each unit: `degC`, `℃` and `°C` are the same, `m3/h` and `m³/h`. */
export function unitName(text: string): string {
  const trimmed = text.trim()
  if (Object.hasOwn(aliases, trimmed)) return aliases[trimmed]
  return trimmed
    .replace(/\u2126/g, 'Ω')
    .replace(/\u03bc/g, 'µ')
    .replace(/^u(?=[A-Za-zΩ])/, 'µ')
    .replace(/\^?([23])(?=$|\/|·|\*)/g, (_, power: string) => (power === '2' ? '²' : '³'))
    .replace(/(^|\/)l(?=$|\/)/g, '$1L')
}

/** Whether two texts name the same unit. A bare `C` or `F` is a temperature beside °C or °F. */
export function sameUnit(one: string, other: string): boolean {
  const [a, b] = [unitName(one), unitName(other)]
  return a === b || `°${a}` === b || a === `°${b}`
}

/** Whether the text is a unit of measurement. */
export function isUnit(text: string): boolean {
  return text.length <= 24 && (Object.hasOwn(aliases, text) || unit.test(unitName(text)))
}

/** A number with its unit. */
export interface Measured {
  /** Undefined: a number that only a `decimal` mark can tell, such as `1,5`. */
  readonly value: number | undefined
  readonly unit: string
}

const parts =
  /^([+-]?[\d.,'\u2019\u00a0\u2009\u202f ]*\d[.,]?(?:[eE][+-]?\d{1,5})?)([ \u00a0\u2009\u202f]*)([^\d\s.,][^\n]{0,23})$/

/**
 * Takes `20.6 °C` apart; undefined where the text is no number with a unit behind it. A single letter that touches a whole
 * number may be a code (`3A`, `0C`) and counts only where `expected` is that unit.
 */
export function readMeasured(text: string, mark?: DecimalMark, expected?: string): Measured | undefined {
  if (text.length > mostDigits + 30) return undefined
  const match = parts.exec(text)
  if (!match) return undefined
  const [, number, gap, behind] = match
  const written = number.trim()
  const known = expected !== undefined && sameUnit(behind, expected)
  if (!known && !isUnit(behind)) return undefined
  if (!known && gap === '' && /^[A-Za-z]$/.test(behind) && !/[.,]/.test(written)) return undefined
  const value = readNumber(written, mark)
  if (value === undefined && !needsMark(written)) return undefined
  return { value, unit: unitName(behind) }
}
