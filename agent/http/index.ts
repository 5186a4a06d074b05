import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { type Clock, ConfigError, type Logger, systemClock } from '../core/index.ts'
import { namesOf } from './access.ts'
import type { AgentView } from '../view/index.ts'
import { createApp } from './app.ts'
import { EventFeed, type FeedOptions } from './event-feed.ts'
import { Callers } from './callers.ts'
import { NamedTokens } from './named-tokens.ts'
import { type ProxySettings, ProxyUsers } from './proxy.ts'
import { Sessions } from './session-book.ts'
import { Certificate, type TlsSettings } from './tls.ts'

export { leastRoles } from './least-roles.ts'
export { openApi } from './openapi.ts'
export { type Operation, operations } from './operations.ts'
export { addToken, isGood, type NamedToken, namedTokensFileName, readTokens, revokeToken } from './named-tokens.ts'
export { type OpenSession, sessionsFileName } from './session-book.ts'
export { certificateFindings } from './tls.ts'
export { loadToken } from './token.ts'

export interface HttpOptions {
  readonly view: AgentView
  /** What changes need; see `loadToken`. */
  readonly token: string
  /** The data folder, for tokens with names and open sessions; absent: the shared token alone, and sessions end with the process. */
  readonly folder?: string
  /** HTTPS by the agent itself; absent: HTTP. */
  readonly tls?: TlsSettings | undefined
  /** A reverse proxy that says who asks. */
  readonly proxy?: ProxySettings | undefined
  readonly log: Logger
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 8080; 0: a free one. */
  readonly port?: number
  /** Where the port is taken: the next free one (true) or an error (false, default). */
  readonly fallback?: boolean
  /** Whether reading needs the token too; default `open`. */
  readonly read?: 'open' | 'token'
  /** More names to answer to, such as that of a reverse proxy or of a DNS server. */
  readonly names?: readonly string[]
  readonly clock?: Clock
  readonly events?: FeedOptions
}

export interface Http {
  /** Answers a request without a port. */
  readonly app: ReturnType<typeof createApp>
  /** `/?key=...` logs in whoever opens the page of a demo with it on this machine. */
  readonly entryKey: string
  /** Listens. Rejects with a ConfigError where it cannot. */
  listen(): Promise<Listening>
}

export interface Listening {
  /** `http://127.0.0.1:8080`; `https://` with TLS. */
  readonly url: string
  /** Ends live streams and connections. */
  close(): Promise<void>
}

/** The page, health, metrics and API of an agent. Throws a ConfigError where its certificate cannot be used. */
export function createHttp(options: HttpOptions): Http {
  const { view, log, token, folder, clock = systemClock, host = '127.0.0.1', names = [], read = 'open' } = options
  const feed = new EventFeed(view, log, options.events)
  const noted = (subject: string, detail: string) => {
    const note = view.note({ by: 'the file', action: 'token', subject, detail })
    note.catch((error: unknown) => log.warn({ error }, 'a change of tokens could not be put down'))
  }
  const named = folder === undefined ? undefined : new NamedTokens(folder, log, noted)
  const callers = new Callers(token, named, options.proxy && new ProxyUsers(options.proxy))
  const sessions = new Sessions({ callers, token, folder, log })
  const certificate = options.tls && new Certificate(options.tls, log, clock)
  const entryKey = randomBytes(16).toString('base64url')
  const tls = certificate !== undefined
  const app = createApp({ view, log, feed, clock, read, sessions, names: namesOf(host, names), entryKey, tls })
  return { app, entryKey, listen: () => listen(app, feed, host, options, certificate) }
}

async function listen(
  app: Http['app'],
  feed: EventFeed,
  host: string,
  { port = 8080, fallback = false }: HttpOptions,
  certificate: Certificate | undefined,
): Promise<Listening> {
  for (const candidate of fallback ? candidates(port) : [port]) {
    const server = await bind(app, host, candidate, certificate)
    if (!server) continue
    const stop = server instanceof TlsServer ? certificate?.follow(server) : undefined
    return { url: urlOf(server, host), close: () => (stop?.(), close(server, feed)) }
  }
  throw cannotListen(host, port, 'is taken by another program', 'Set http.port to a free port, or 0 to pick one.')
}

/** The wanted port, the 20 after it, then any. */
function candidates(port: number): number[] {
  return [...Array.from({ length: 21 }, (_, i) => port + i).filter((candidate) => candidate <= 65_535), 0]
}

/** Whoever sends a request by the drop is cut off, ms. */
const serverOptions = { requestTimeout: 30_000, headersTimeout: 10_000, connectionsCheckingInterval: 2_000 }
/** Files that the system lets a process open are for the journal as well. */
const mostConnections = 500

/** Undefined where the port is taken. */
function bind(
  app: Http['app'],
  host: string,
  port: number,
  certificate: Certificate | undefined,
): Promise<Server | TlsServer | undefined> {
  const common = { fetch: app.fetch, overrideGlobalObjects: false }
  const server = createAdaptorServer(
    certificate
      ? {
          ...common,
          createServer: createTlsServer,
          serverOptions: { ...serverOptions, ...certificate.options, handshakeTimeout: 10_000 },
        }
      : { ...common, serverOptions },
  ) as Server | TlsServer
  server.maxConnections = mostConnections
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else
        reject(cannotListen(host, port, error.message, 'Set http.host and http.port to what this machine has.', error))
    })
    server.listen(port, host, () => resolve(server))
  })
}

function cannotListen(host: string, port: number, what: string, remedy: string, cause?: unknown): ConfigError {
  return new ConfigError([{ path: 'http.port', message: `port ${port} on ${host}: ${what}`, remedy }], { cause })
}

function urlOf(server: Server | TlsServer, host: string): string {
  const { port } = server.address() as AddressInfo
  const scheme = server instanceof TlsServer ? 'https' : 'http'
  if (host === '0.0.0.0' || host === '::') return `${scheme}://127.0.0.1:${port}`
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Closes connections as their answers end; after a second, all of them. */
async function close(server: Server | TlsServer, feed: EventFeed): Promise<void> {
  feed.close()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const tidy = setInterval(() => server.closeIdleConnections(), 10)
  const impatience = setTimeout(() => server.closeAllConnections(), 1_000)
  await closed
  clearInterval(tidy)
  clearTimeout(impatience)
}
