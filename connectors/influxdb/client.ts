import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { gzip, type ZlibOptions } from 'node:zlib'
import type * as Undici from 'undici'
import { DeliveryError, later } from '../../agent/core/index.ts'
import type { Settings } from './config.ts'

const require = createRequire(import.meta.url)
/** Speaks HTTP; loaded with the first connection. */
export const undici = later(() => require('undici') as typeof Undici)

/** What the server said. */
export interface Answer {
  readonly status: number
  /** The server's words: its error message, or the beginning of what it sent. */
  readonly words: string
  /** Whether it answered in the form InfluxDB does, and not with the page of a proxy. */
  readonly own: boolean
  /** How long it asked to wait, in ms. */
  readonly retryAfter?: number
  /** Lines it refused by name, counted from 0: InfluxDB 3 lists them. */
  readonly refused?: ReadonlyMap<number, string>
}

const compress = promisify<Buffer, ZlibOptions, Buffer>(gzip)
const longestAnswer = 1_000_000

/** Posts bodies of line protocol. Connects with the first of them, over at most two connections. */
export class Client {
  readonly #settings: Settings
  readonly #pool: Undici.Pool
  readonly #path: string
  #headers: Readonly<Record<string, string>>

  constructor(settings: Settings) {
    const { origin } = new URL(settings.url)
    this.#settings = settings
    this.#pool = new (undici().Pool)(origin, { connections: 2, pipelining: 1 })
    this.#path = writePath(settings)
    this.#headers = headersOf(settings)
  }

  /**
   * Rejects with DELIVERY_UNREACHABLE where no answer comes in time, or `signal` aborts. Credentials that the server refuses are
   * read from their file again: whoever changes them writes the file, and restarts nothing.
   */
  async post(lines: Buffer, signal: AbortSignal): Promise<Answer> {
    const body = this.#settings.gzip ? await compress(lines, { level: 1 }) : lines
    const answer = await this.#send(body, signal)
    if (answer.status !== 401 && answer.status !== 403) return answer
    const headers = headersOf(this.#settings)
    if (headers.authorization === this.#headers.authorization) return answer
    this.#headers = headers
    return this.#send(body, signal)
  }

  async #send(body: Buffer, signal: AbortSignal): Promise<Answer> {
    const abort = new AbortController()
    const stop = () => abort.abort(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    const { timeout } = this.#settings
    const timer = setTimeout(() => abort.abort(new Error(`no answer within ${timeout} ms`)), timeout)
    try {
      const request = { path: this.#path, method: 'POST' as const, headers: this.#headers, body, signal: abort.signal }
      const response = await this.#pool.request({ ...request, headersTimeout: 0, bodyTimeout: 0 })
      return toAnswer(response.statusCode, response.headers, await readText(response.body))
    } catch (error) {
      throw unreachable(this.#settings.url, abort.signal.aborted ? abort.signal.reason : error)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

/** The error for a server that cannot be reached. */
export function unreachable(url: string, cause: unknown): DeliveryError {
  return new DeliveryError('DELIVERY_UNREACHABLE', `InfluxDB at ${url} does not answer`, {
    cause,
    remedy: /CERT|SELF_SIGNED|ERR_TLS/.test(String((cause as { code?: unknown } | undefined)?.code))
      ? 'Its certificate is not trusted: start the agent with NODE_EXTRA_CA_CERTS naming the file of its authority.'
      : 'Check that InfluxDB runs and that url is right; results wait in the journal until then.',
  })
}

function writePath(settings: Settings): string {
  const prefix = new URL(settings.url).pathname.replace(/\/+$/, '')
  switch (settings.version) {
    case 1: {
      const query = new URLSearchParams({ db: settings.database, precision: 'u' })
      if (settings.retention) query.set('rp', settings.retention.name)
      return `${prefix}/write?${query.toString()}`
    }
    case 2: {
      const query = new URLSearchParams({ org: settings.org, bucket: settings.bucket, precision: 'us' })
      return `${prefix}/api/v2/write?${query.toString()}`
    }
    case 3: {
      const query = new URLSearchParams({ bucket: settings.database, precision: 'us' })
      return `${prefix}/api/v2/write?${query.toString()}`
    }
  }
}

function headersOf(settings: Settings): Readonly<Record<string, string>> {
  return {
    'content-type': 'text/plain; charset=utf-8',
    'user-agent': 'millwright',
    ...(settings.gzip && { 'content-encoding': 'gzip' }),
    ...authorization(settings),
  }
}

/** The header that shows the credentials, as their file has them now. */
export function authorization(settings: Settings): { authorization?: string } {
  if (settings.version === 1) {
    if (settings.username === undefined) return {}
    const password = (settings.password_file ?? settings.password)?.current() ?? ''
    return { authorization: `Basic ${Buffer.from(`${settings.username}:${password}`).toString('base64')}` }
  }
  const token = settings.token_file ?? settings.token
  return token ? { authorization: `Token ${token.current()}` } : {}
}

/** The whole text, so that the connection can be used again; an absurdly long one is cut and its connection given up. */
async function readText(body: Undici.Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part)
    size += part.length
    if (size > longestAnswer) break
  }
  return Buffer.concat(parts).toString()
}

function toAnswer(status: number, headers: Undici.Dispatcher.ResponseData['headers'], text: string): Answer {
  const retryAfter = waitOf(headers['retry-after'])
  const words = wordsOf(text)
  const refused = refusedLines(text)
  const own = parse(text) !== undefined
  return { status, words, own, ...(retryAfter !== undefined && { retryAfter }), ...(refused && { refused }) }
}

/** `Retry-After` is a number of seconds or a date. */
function waitOf(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined
}

/** 1.x and 3 answer `{"error"}`, 2.x `{"code","message"}`; a proxy in front of them anything. */
function wordsOf(text: string): string {
  const answer = parse(text)
  for (const words of [answer?.message, answer?.error]) if (typeof words === 'string') return words.slice(0, 2000)
  return text.trim().slice(0, 300)
}

/** InfluxDB 3: `{"error":"partial write ...","data":[{"line_number":2,"error_message":"..."}]}`. */
function refusedLines(text: string): ReadonlyMap<number, string> | undefined {
  const data = parse(text)?.data
  if (!Array.isArray(data)) return undefined
  const refused = new Map<number, string>()
  for (const item of data as readonly ({ line_number?: unknown; error_message?: unknown } | null)[]) {
    if (typeof item?.line_number === 'number' && typeof item.error_message === 'string')
      refused.set(item.line_number - 1, item.error_message)
  }
  return refused.size > 0 ? refused : undefined
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
