import { csvCell } from '../core/index.ts'
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
  return [columns, ...rows].map((row) => row.map(csvCell).join(',') + '\r\n').join('')
}
