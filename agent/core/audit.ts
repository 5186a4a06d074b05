import { createHash } from 'node:crypto'
import type { Signature } from './signature.ts'

/** Where a record of the audit stands in its chain. */
export interface Link {
  /** Counts from 1. */
  readonly sequence: number
  /** Hash of the record before; of the first one `chainBegin`. */
  readonly previous: string
}

/** What somebody did through the page, the API or the configuration file, for the record. It changes no result. */
export interface AuditEvent extends Signature {
  readonly type: 'audit'
  /** ms since epoch. */
  readonly time: number
  /** `log-in`, `log-in refused`, `inject`, `repair`, `approve certificate`, `reload`, `retype`, `label`; `type`: a tag gets values of another type. */
  readonly action: string
  /** What it was done to: an asset, a certificate, an address. */
  readonly subject: string
  readonly detail: string
  /** Absent: it was put down before there was a chain. */
  readonly link?: Link
}

/** What the first record of a chain has as the hash of the one before. */
export const chainBegin = '0'.repeat(64)

/** SHA-256 of a record of the audit, hexadecimal: over its JSON in UTF-8, without what is absent, keys in order. */
export function auditHash(event: AuditEvent): string {
  return createHash('sha256').update(canonical(event)).digest('hex')
}

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const pairs = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${pairs.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join(',')}}`
}
