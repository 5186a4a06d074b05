import { type DeadLetter, type DeadReason, type Entry, arrivalOf, describeError } from '../core/index.ts'

/** The letter of an entry that the pipeline fails at. */
export function poison(entry: Entry, reason: DeadReason, error: unknown): DeadLetter {
  const [rows, subject] = entry.kind === 'samples' ? [entry.batch.length, entry.batch.source] : [1, entry.kind]
  const head =
    entry.kind === 'samples'
      ? {
          source: subject,
          rows,
          time: Array.from(entry.batch.time.subarray(0, 16)),
          value: Array.from(entry.batch.value.subarray(0, 16)),
        }
      : entry
  const payload = Buffer.from(JSON.stringify(head)).subarray(0, 4_096)
  const detail = `entry ${entry.offset} of the samples: ${describeError(error)}`
  const time = arrivalOf(entry) || 0
  return { time, origin: 'pipeline', reason, detail, subject, rows, payload, size: payload.length }
}
