/** A number as short as it can be without hiding a change that matters. */
export function number(value) {
  if (value === null || value === undefined) return '–'
  if (typeof value !== 'number') return String(value)
  const size = Math.abs(value)
  const digits = size >= 1000 || Number.isInteger(value) ? 0 : size >= 100 ? 1 : size >= 0.1 ? 2 : 3
  return value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export const count = (value) => Math.round(value).toLocaleString()
export const percent = (share) => `${Math.round(share * 100)} %`
export const clock = (time) => new Date(time).toLocaleTimeString()

export function bytes(size) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`
}

/** How long ago, in words. */
export function ago(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}

/** Contributions as shares of their sum, largest first; what has next to no part in it is left out. */
export function shares(contributions) {
  const positive = Object.entries(contributions).filter(([, value]) => value > 0)
  const sum = positive.reduce((total, [, value]) => total + value, 0)
  return positive
    .map(([role, value]) => ({ role, share: value / sum }))
    .filter(({ share }) => share >= 0.03)
    .sort((one, other) => other.share - one.share)
}
