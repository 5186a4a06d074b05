import { z } from 'zod'
import { type Journal, type Logger, type Metrics, byteSize, duration, silentMetrics } from '../core/index.ts'
import { StoredJournal } from './journal.ts'
import { LmdbStore } from './lmdb.ts'
import { MemoryStore } from './memory.ts'
import type { Store } from './store.ts'

export const journalConfig = z.strictObject({
  store: z
    .enum(['lmdb', 'memory'])
    .default('lmdb')
    .describe('Where records are kept: `lmdb` in the data folder, durable; `memory` until the process ends.'),
  size: byteSize
    .prefault('4GB')
    .describe(
      'Bytes that all streams together may take; the oldest records go first, dead letters beyond a sixteenth before all.',
    ),
  gather: duration
    .prefault('20ms')
    .refine((ms) => ms <= 1000, { error: 'must be at most 1s' })
    .describe(
      'How long what comes may wait for more before it is written: each write costs the disk whole pages. Nothing is acknowledged before it is written; a sender that pauses for its acknowledgements is not held up. 0 writes at once.',
    ),
  age: duration.prefault('30d').describe('How long records are kept after their arrival.'),
})

export interface OpenJournalOptions {
  /** Holds nothing but the journal. Created where absent. */
  readonly folder: string
  readonly settings: z.output<typeof journalConfig>
  readonly metrics?: Metrics
  readonly log?: Logger
  /** Only to read, also while another process writes. */
  readonly readOnly?: boolean
  /** The store may be damaged: `look` through it in a process of its own first, or put it `aside` unread. */
  readonly suspect?: 'look' | 'aside'
}

/**
 * Opens the journal of a folder. Rejects with a JournalError: JOURNAL_LOCKED while another process writes to it,
 * JOURNAL_READ_ONLY where the folder cannot be written, JOURNAL_FULL, JOURNAL_IO.
 */
export async function openJournal(options: OpenJournalOptions): Promise<Journal> {
  const { folder, settings, metrics = silentMetrics, log = silentLogger, readOnly = false, suspect } = options
  const wrap = (store: Store): Journal =>
    new StoredJournal({
      store,
      bounds: settings,
      metrics,
      log,
      readOnly,
      gather: settings.store === 'memory' ? 0 : settings.gather,
    })
  if (settings.store === 'memory') return wrap(new MemoryStore())
  return LmdbStore.open({ folder, log, readOnly, ...(suspect && { suspect }) }, wrap)
}

const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
