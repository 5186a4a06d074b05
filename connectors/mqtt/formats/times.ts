/** What a numeric timestamp counts; `auto` tells it by its magnitude. */
export const timeUnits = ['auto', 'iso', 's', 'ms', 'us', 'ns'] as const
export type TimeUnit = (typeof timeUnits)[number]

const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)([.,]\d{1,18})?)?)?\s?(Z|z|[+-]\d\d(?::?\d\d)?)?$/
const longInteger = /^-?\d{16,30}$/
const decimal = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/**
 * Ms since epoch, fractions kept (a double holds them to 0.25 µs). NaN where there is no time; undefined where what is
 * there is no time. Without a zone ISO text is UTC.
 */
export function readTime(raw: unknown, unit: TimeUnit | 'arrival'): number | undefined {
  if (unit === 'arrival') return Number.NaN
  if (typeof raw === 'number') return unit === 'iso' ? undefined : finite(scale(raw, unit))
  if (raw === undefined || raw === null || raw === '') return Number.NaN
  if (typeof raw === 'bigint') return unit === 'iso' ? undefined : finite(scaleExact(raw, unit))
  if (typeof raw === 'string') {
    const text = raw.trim()
    if (unit !== 'iso' && longInteger.test(text)) return scaleExact(BigInt(text), unit)
    if (unit !== 'iso' && decimal.test(text)) return finite(scale(Number(text), unit))
    return unit === 'auto' || unit === 'iso' ? readIso(text) : undefined
  }
  return raw instanceof Date ? finite(raw.getTime()) : undefined
}

/** As `scale`, for integers of which a double keeps too little: nanoseconds since epoch in steps of 256 and more. */
function scaleExact(count: bigint, unit: TimeUnit): number {
  const nanoseconds = unit === 'ns' || (unit === 'auto' && (count >= 10n ** 17n || count <= -(10n ** 17n)))
  if (!nanoseconds) return scale(Number(count), unit)
  return Number(count / 1_000_000n) + Number(count % 1_000_000n) / 1e6
}

function finite(time: number): number | undefined {
  return Number.isFinite(time) ? time : undefined
}

/** A count of `unit` since epoch as ms. `auto`: the unit in which the count lies between the years 1973 and 5138. */
export function scale(count: number, unit: TimeUnit): number {
  switch (unit) {
    case 's':
      return count * 1e3
    case 'ms':
      return count
    case 'us':
      return count / 1e3
    case 'ns':
      return count / 1e6
    default: {
      const size = Math.abs(count)
      if (size < 1e11) return count * 1e3
      if (size < 1e14) return count
      return size < 1e17 ? count / 1e3 : count / 1e6
    }
  }
}

function readIso(text: string): number | undefined {
  const match = iso.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = ''] = match
  const days = Date.UTC(Number(year), Number(month) - 1, Number(day))
  // Date.UTC carries 31 February over into March; that is no date.
  if (new Date(days).getUTCDate() !== Number(day) || Number(month) > 12) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined
  const clock = (Number(hour) * 60 + Number(minute)) * 60_000 + Number(second) * 1_000
  const digits = fraction.slice(1).padEnd(3, '0')
  return days + clock - offset(zone) + Number(`${digits.slice(0, 3)}.${digits.slice(3)}`)
}

function offset(zone: string): number {
  if (zone === '' || zone === 'Z' || zone === 'z') return 0
  const digits = zone.replace(':', '')
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5) || 0)
  return (digits.startsWith('-') ? -minutes : minutes) * 60_000
}
