import { DeliveryError } from '../../agent/core/index.ts'
import type { Answer } from './client.ts'
import type { Settings } from './config.ts'

/** What an answer means: delivered; some lines are bad; the body is too large; the target is missing; or an error for now. */
export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'bad lines' }
  | { readonly kind: 'too large' }
  | { readonly kind: 'missing'; readonly error: DeliveryError }
  | { readonly kind: 'failed'; readonly error: DeliveryError }

/** Words that blame lines, whatever the status: 1.x says 400, 2.x 400 and 422, its first releases 500. */
const blamesLines = /field type conflict|unable to parse|points beyond retention policy/i
/** A refused request can do so in more ways. */
const alsoBlamesLines = /partial write|line protocol/i
/** 400 for something else than the lines, so that no line may be given up for it. */
const blamesRequest =
  /database is required|database name|bucket|organi[sz]ation|\borg\b|precision|gzip|retention policy/i
const missingTarget = /database not found|retention policy not found/i

/** Sorts answers by what has to be done. Only 204 counts as delivered: a proxy's friendly 200 delivers nothing. */
export function judge(answer: Answer, settings: Settings): Verdict {
  const { status, words, own } = answer
  if (status === 204) return { kind: 'delivered' }
  if (status === 413) return { kind: 'too large' }
  if (settings.version === 1 && missingTarget.test(words))
    return { kind: 'missing', error: denied(answer, settings, missingRemedy(settings)) }
  if (status === 401 || status === 403)
    return { kind: 'failed', error: denied(answer, settings, credentialsRemedy(settings)) }
  if (answer.refused ?? blamesLines.test(words)) return { kind: 'bad lines' }
  if (status >= 500 || status === 429 || status === 408) return { kind: 'failed', error: busy(answer, settings) }
  if (status === 404) return { kind: 'failed', error: denied(answer, settings, missingRemedy(settings)) }
  const aboutLines = alsoBlamesLines.test(words) || (own && !blamesRequest.test(words))
  if ((status === 400 || status === 422) && aboutLines) return { kind: 'bad lines' }
  const remedy = 'Check that url leads to InfluxDB itself and that version and the names of the target are right.'
  return { kind: 'failed', error: denied(answer, settings, remedy) }
}

function busy(answer: Answer, settings: Settings): DeliveryError {
  const { retryAfter } = answer
  return new DeliveryError('DELIVERY_BUSY', said(answer, settings), {
    ...(retryAfter !== undefined && { retryAfter }),
    remedy: 'InfluxDB is overloaded, limits the rate or is starting; results wait in the journal and are sent again.',
  })
}

function denied(answer: Answer, settings: Settings, remedy: string): DeliveryError {
  return new DeliveryError('DELIVERY_DENIED', said(answer, settings), { remedy })
}

function said({ status, words }: Answer, settings: Settings): string {
  return `InfluxDB at ${settings.url} answered ${status}${words === '' ? '' : `: ${words}`}`
}

function credentialsRemedy(settings: Settings): string {
  if (settings.version !== 1)
    return `Set token or token_file to a token that may write to ${target(settings)}; it may have expired or been deleted.`
  return `Set username and password (or password_file) to a user who may write to ${target(settings)}.`
}

function missingRemedy(settings: Settings): string {
  if (settings.version === 2) return `Create ${target(settings)}, or correct bucket, org and url.`
  if (settings.version === 3) return `Create ${target(settings)}, or correct database and url.`
  return settings.create
    ? `Check that url leads to InfluxDB 1.x, and give the user the right to create ${target(settings)}, or create it.`
    : `Create ${target(settings)}, or set create: true.`
}

/** Where the results go, in words. */
function target(settings: Settings): string {
  switch (settings.version) {
    case 1:
      return settings.retention
        ? `database "${settings.database}" with retention policy "${settings.retention.name}"`
        : `database "${settings.database}"`
    case 2:
      return `bucket "${settings.bucket}" in organisation "${settings.org}"`
    case 3:
      return `database "${settings.database}"`
  }
}
