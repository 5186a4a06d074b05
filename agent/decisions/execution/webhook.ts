import { createHmac } from 'node:crypto'
import { describeError } from '../../core/index.ts'

/** What is posted, and where to. */
export interface Post {
  readonly url: string
  readonly id: string
  readonly body: string
  readonly secret: string | undefined
  /** ms. */
  readonly timeout: number
  /** ms since epoch, signed with the body. */
  readonly time: number
}

/** `taken`; `refused`: it will never be; `later`: it may be, with the next try. */
export interface PostAnswer {
  readonly answer: 'taken' | 'refused' | 'later'
  readonly detail: string
}

/**
 * Posts once. The id goes along as Idempotency-Key, so that a far side that took it before can tell; with a secret, time and
 * body are signed: `X-Millwright-Signature: sha256=` and the HMAC of `time.body` in hexadecimal.
 */
export async function post({ url, id, body, secret, timeout, time }: Post, signal: AbortSignal): Promise<PostAnswer> {
  const headers: Record<string, string> = { 'content-type': 'application/json', 'idempotency-key': id, 'x-millwright-time': String(time) } // prettier-ignore
  if (secret !== undefined) headers['x-millwright-signature'] = `sha256=${signatureOf(secret, time, body)}`
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)])
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: limit })
    await response.body?.cancel()
    const { status } = response
    if (status >= 200 && status < 300) return { answer: 'taken', detail: `HTTP ${status}` }
    const mayPass = status >= 500 || status === 408 || status === 425 || status === 429
    return { answer: mayPass ? 'later' : 'refused', detail: `HTTP ${status}` }
  } catch (error) {
    return { answer: 'later', detail: describeError(error) }
  }
}

/** HMAC-SHA256 of `time.body`, hexadecimal. */
export function signatureOf(secret: string, time: number, body: string): string {
  return createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
}
