import {
  type Clock,
  type DeadLetter,
  DeliveryError,
  type Entry,
  type Journal,
  type Prediction,
  type Sink,
  rowsOf,
} from '../core/index.ts'
import { type Delivery, causeOf, lettersOf } from '../delivery/index.ts'
import { readSoon, unpackEntries } from '../journal/index.ts'
import type { Attempt } from './letters.ts'

export interface SinkParts {
  readonly journal: Journal
  readonly clock: Clock
  /** A sink at work; undefined where there is none of that name. */
  readonly sink: (
    name: string,
  ) => { readonly sink: Sink; readonly delivery: Pick<Delivery, 'resend' | 'revived'> } | undefined
}

/** Longest wait for a far side, ms; what it takes after that stays a letter as well, and sending it twice changes nothing. */
const patience = 5_000
/** Entries in which later revisions of a window are looked for; they come within seconds or minutes. */
const reach = 20_000

/** Sends the rows of a sink's letter through the sink once more. */
export async function sendAgain(letter: DeadLetter, { journal, clock, sink }: SinkParts): Promise<Attempt> {
  const { origin, held } = letter
  const kept = (detail: string): Attempt => ({ outcome: 'kept', rows: 0, detail })
  const far = sink(origin)
  if (!far) return kept(`there is no sink ${origin} any more`)
  if (!far.sink.placesByTime) return kept(`${origin} tells how things are now: what is old would be taken for new`)
  if (!held) return kept('its rows were not kept: it is of an earlier version')
  const entries = unpackEntries(held)
  const current = await withoutOverrun(entries, journal)
  const rejections = await inTime(far.delivery.resend(current))
  const { letters, rows: refused } = lettersOf(rejections, origin, clock.now(), journal.tags)
  const rows = letter.rows - refused
  const finish = () => far.delivery.revived(rows)
  if (refused === 0) return { outcome: 'sent', rows, finish }
  const [{ detail }] = rejections
  // The same words about all of it: the letter stays as it is.
  if (rows === 0 && causeOf(detail) === causeOf(letter.detail)) return kept(detail)
  return { outcome: 'kept', rows, detail, finish, again: letters }
}

/** Without windows of which a later revision was made since: that one has been delivered, or has a letter of its own. */
async function withoutOverrun(entries: readonly Entry[], journal: Journal): Promise<Entry[]> {
  const own = entries.filter((entry) => entry.kind === 'predictions')
  if (own.length === 0) return [...entries]
  const newest = new Map<string, number>()
  const [{ offset }] = own
  for (const entry of await readSoon(journal, 'results', offset, reach)) {
    if (entry.kind !== 'predictions') continue
    for (const one of entry.predictions) newest.set(keyOf(one), Math.max(one.revision, newest.get(keyOf(one)) ?? 0))
  }
  const isNewest = (one: Prediction) => one.revision >= (newest.get(keyOf(one)) ?? 0)
  return entries
    .map((entry) =>
      entry.kind === 'predictions' ? { ...entry, predictions: entry.predictions.filter(isNewest) } : entry,
    )
    .filter((entry) => rowsOf(entry) > 0)
}

const keyOf = ({ monitor, asset, kind, time }: Prediction) => JSON.stringify([monitor, asset, kind, time])

async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeliveryError('DELIVERY_UNREACHABLE', 'the far side takes long')), patience)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
