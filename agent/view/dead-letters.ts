import type { Signature } from '../core/index.ts'
import { isWhole, type Letters, type StoredLetter } from '../letters/index.ts'
import type { DeadLetterRequest, DeadLetterView, LetterResult } from './agent-view.ts'
import type { People } from './people.ts'

/** Dead letters that are not done with, newest first. */
export async function listLetters(
  letters: Letters,
  { limit, ...filter }: DeadLetterRequest,
): Promise<readonly DeadLetterView[]> {
  const found = await letters.list(filter, limit)
  return found.map((letter) => ({ ...viewOf(letter), whole: letter.whole }))
}

/** One of them; undefined where there is none of that id. */
export async function findLetter(letters: Letters, id: number): Promise<DeadLetterView | undefined> {
  const letter = await letters.find(id)
  return letter && { ...viewOf(letter), whole: isWhole(letter) }
}

/** Sends letters again or drops them, and puts down who did it. */
export async function settleLetters(
  letters: Letters,
  people: People,
  { action, ids, signature }: { action: 'resend' | 'drop'; ids: readonly number[]; signature: Signature },
): Promise<readonly LetterResult[]> {
  const results = await letters[action](ids)
  const rows = results.reduce((sum, result) => sum + result.rows, 0)
  const kept = results.filter(({ outcome }) => outcome === 'kept').length
  const subject = results.length === 1 ? `dead letter ${results[0].letter}` : `${results.length} dead letters`
  const detail = action === 'drop' ? `${rows} rows dropped` : `${rows} rows sent; ${kept} letters kept`
  if (results.length > 0) await people.note({ ...signature, action, subject, detail })
  return results
}

function viewOf(letter: Omit<StoredLetter, 'held'>): Omit<DeadLetterView, 'whole'> {
  const { id, time, origin, reason, detail, subject, rows, payload, size } = letter
  return { id, time, origin, reason, detail, subject, rows, size, payload: Buffer.from(payload).toString('utf8') }
}
