import { arrivalOf, type Entry } from './records.ts'

/** Ends of the process with the same thing in hand after which it is put aside unread. */
export const mostEnds = 2

/**
 * Marks what is about to be handled, so that what ends the process (a crash of native code, a kill for memory, a hang) is known
 * to the next one. Around work that waits for nobody: what waits is in hand whenever somebody pulls the plug.
 */
export interface InHand {
  /**
   * `part` begins with something; false, and nothing is marked, where that ended the process twice: put it aside. Without a
   * key it is known who was at work, and nothing is ever put aside.
   */
  take(part: string, key: string): boolean
  /** The part is through with it. */
  done(part: string): void
  /** Keys of what the part had in hand when processes ended, since the last stop in order. */
  suspects(part: string): readonly string[]
}

/** What entries that follow each other are known by; one alone by its arrival as well, as a new journal begins anew. */
export function keyOfEntries(entries: readonly Entry[]): string {
  const [first] = entries
  if (entries.length === 1) return `${first.offset}@${arrivalOf(first)}`
  return `${first.offset}-${entries[entries.length - 1].offset}`
}

/** Whether some of the entries are among those of the keys. */
export function isSuspect(entries: readonly Entry[], keys: readonly string[]): boolean {
  const [first, last] = [entries[0].offset, entries[entries.length - 1].offset]
  return keys.some((key) => {
    const [from, to = from] = key.replace(/@.*/, '').split('-').map(Number)
    return from <= last && to >= first
  })
}
