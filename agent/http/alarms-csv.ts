import type { AlarmChange } from '../view/index.ts'

const columns = [
  'time',
  'change',
  'state',
  'asset',
  'monitor',
  'score',
  'threshold',
  'by',
  'reason',
  'contributions',
  'id',
]

/** Alarms as CSV after RFC 4180, times in ISO 8601. */
export function alarmsCsv(changes: readonly AlarmChange[]): string {
  const rows = changes.map(
    ({ time, change, state, asset, monitor, score, threshold, by, reason, detail, contributions, id }) => [
      new Date(time).toISOString(),
      change,
      state,
      asset,
      monitor,
      String(score),
      String(threshold),
      by ?? '',
      reason ?? detail ?? '',
      Object.entries(contributions)
        .map(([role, share]) => `${role} ${Math.round(share * 100)}%`)
        .join('; '),
      id,
    ],
  )
  return [columns, ...rows].map((row) => row.map(cell).join(',') + '\r\n').join('')
}

/** Quoted where need be. What a spreadsheet would take for a formula gets an apostrophe. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.e+-]+$/i.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
