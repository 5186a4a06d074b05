import { strings } from './strings.ts'

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const clockFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const dateFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' })

/** A number with three or four digits that matter: 0.0123, 4.56, 123, 1,234. */
export function figure(value: number): string {
  const size = Math.abs(value)
  if (size >= 1_000) return whole.format(value)
  if (size === 0) return '0'
  if (size < 0.001) return value.toExponential(1)
  return String(Number(value.toPrecision(size < 1 ? 2 : 3)))
}

/** A count: 12,345, or 1.2 M from a million on. */
export function count(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} G`
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`
  return whole.format(value)
}

export function rate(value: number): string {
  return value < 100 ? figure(value) : whole.format(value)
}

export function percent(share: number): string {
  return `${whole.format(share * 100)} %`
}

export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = size < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(size) / 3))
  const scaled = size / 1_000 ** power
  return `${scaled >= 100 || power === 0 ? scaled.toFixed(0) : scaled.toFixed(1)} ${units[power]}`
}

/** A length of time in ms as the one or two units that matter: 340 ms, 12 s, 4 min, 3 h, 12 d. */
export function span(time: number): string {
  const { ms, s, min, h, d } = strings.units
  const size = Math.abs(time)
  if (size < 1_000) return `${Math.round(size)} ${ms}`
  if (size < 60_000) return `${Math.floor(size / 1_000)} ${s}`
  if (size < 3_600_000) return `${Math.floor(size / 60_000)} ${min}`
  if (size < 172_800_000) return `${Math.floor(size / 3_600_000)} ${h}`
  return `${Math.floor(size / 86_400_000)} ${d}`
}

/** The time of day; with the date where it is not today. */
export function clock(time: number, now = Date.now()): string {
  const sameDay = new Date(time).toDateString() === new Date(now).toDateString()
  const day = sameDay ? '' : `${dayFormat.format(time)}, `
  return `${day}${clockFormat.format(time)}`
}

export function date(time: number): string {
  return dateFormat.format(time)
}

/** A path in the plant as what it ends with and what is before: `pump2`, `line1`. */
export function nameOf(path: string): { name: string; place: string } {
  const at = path.lastIndexOf('/')
  return { name: path.slice(at + 1), place: at < 0 ? '' : path.slice(0, at).replaceAll('/', ' / ') }
}

/** A text with a capital at its beginning. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
