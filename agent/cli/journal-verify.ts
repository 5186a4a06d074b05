import type { Config } from '../settings/index.ts'
import { type Entry, type Journal, type Stream, describeError, rowsOf } from '../core/index.ts'
import { AuditCheck, type AuditVerdict } from './audit-verify.ts'
import { Progress, format } from './data.ts'
import { harmless, paint } from './output.ts'

interface StreamVerdict {
  readonly stream: Stream
  readonly records: number
  readonly rows: number
  /** Offsets of records whose checksum or content is wrong. */
  readonly corrupt: readonly number[]
  /** What does not fit otherwise, in words. */
  readonly problems: readonly string[]
}

export interface Verdict {
  readonly sound: boolean
  readonly streams: readonly StreamVerdict[]
  /** Where the samples were looked through. */
  readonly audit?: AuditVerdict
  readonly seconds: number
}

/** Reads every record up to the newest at the start; `damage` is filled by the journal while it is read. */
export async function verifyJournal(
  journal: Journal,
  config: Config,
  wanted: readonly Stream[],
  damage: ReadonlyMap<Stream, readonly number[]>,
): Promise<Verdict> {
  const progress = new Progress('verify')
  const found: StreamVerdict[] = []
  const audit = wanted.includes('samples') ? new AuditCheck(journal) : undefined
  let done = 0
  for (const stream of wanted) {
    const look = (entry: Entry) => stream === 'samples' && audit?.take(entry)
    const walk = await walkStream(journal, stream, look, (records) => progress.show(done + records, 'records'))
    done += walk.records
    found.push({ stream, ...walk, corrupt: damage.get(stream) ?? [] })
  }
  progress.end()
  const cursors = cursorProblems(journal, config)
  const last = found.at(-1)!
  found[found.length - 1] = { ...last, problems: [...last.problems, ...cursors] }
  const chain = audit?.verdict()
  const sound =
    chain?.break === undefined && found.every(({ corrupt, problems }) => corrupt.length === 0 && problems.length === 0)
  return { sound, streams: found, ...(chain && { audit: chain }), seconds: progress.seconds }
}

async function walkStream(
  journal: Journal,
  stream: Stream,
  look: (entry: Entry) => unknown,
  progress: (records: number) => void,
) {
  const { first, next } = journal.stats(stream)
  const problems: string[] = []
  let records = 0
  let rows = 0
  let origin = -1
  for (let at = first; at < next;) {
    const chunk = journal.read(stream, at, 256).filter(({ offset }) => offset < next)
    if (chunk.length === 0) break
    for (const entry of chunk) {
      records++
      look(entry)
      rows += rowsOf(entry)
      const own = 'origin' in entry ? (entry.origin ?? origin) : origin
      if (own < origin) problems.push(`record ${entry.offset}: its origin ${own} is before that of the record before`)
      origin = own
      if (entry.kind === 'samples') checkTags(journal, entry.offset, entry.batch.tag, problems)
    }
    at = chunk[chunk.length - 1].offset + 1
    progress(records)
    // A long walk must not hold a reader's place in the store: each chunk is a read of its own.
    await new Promise(setImmediate)
  }
  return { records, rows, problems: problems.slice(0, 20) }
}

function checkTags(journal: Journal, offset: number, tags: Uint32Array, problems: string[]): void {
  if (tags.some((tag) => tag >= journal.tags.size)) problems.push(`record ${offset}: names a tag that is not stored`)
}

function cursorProblems(journal: Journal, config: Config): string[] {
  const names = ['pipeline', ...Object.keys(config.connectors).map((name) => `sink/${name}`)]
  return names.flatMap((name) => {
    try {
      journal.cursor(name)
      return []
    } catch (error) {
      return [`the place of ${name} cannot be read: ${describeError(error)}`]
    }
  })
}

export function verifyText({ sound, streams, audit, seconds }: Verdict): string {
  const lines = streams.flatMap(({ stream, records, rows, corrupt, problems }) => [
    `${corrupt.length + problems.length === 0 ? paint('green', '✔') : paint('red', '✖')} ${stream}: ${format(records)} records, ${format(rows)} rows${
      corrupt.length > 0
        ? `, ${corrupt.length} damaged: ${corrupt.slice(0, 10).join(', ')}${corrupt.length > 10 ? ' ...' : ''}`
        : ''
    }`,
    ...problems.map((problem) => `    ${problem}`),
  ])
  const verdict = sound
    ? 'Every record is sound.'
    : streams.every(({ corrupt, problems }) => corrupt.length + problems.length === 0)
      ? 'Somebody has changed the audit, or a part of the journal is lost. Compare it with a backup.'
      : 'Damaged records are skipped by everyone who reads; the others are sound. Check the disk, and restore a backup if they matter.'
  return [...lines, ...(audit ? auditLines(audit) : []), `${verdict} (${seconds.toFixed(1)} s)`].join('\n')
}

function auditLines({ linked, unlinked, anchor, end, ...found }: AuditVerdict): string[] {
  const mark = found.break === undefined ? paint('green', '✔') : paint('red', '✖')
  const from = anchor.sequence > 0 ? ` from number ${anchor.sequence + 1} on, those before are trimmed` : ''
  const old = unlinked > 0 ? `; ${format(unlinked)} records from before there was a chain` : ''
  const hash = linked > 0 ? `; it ends with number ${end.sequence}, ${end.hash.slice(0, 16)}` : ''
  const told = `${mark} audit: ${format(linked)} records in the chain${from}${old}${hash}`
  return [told, ...(found.break === undefined ? [] : [`    the chain breaks: ${harmless(found.break)}`])]
}
