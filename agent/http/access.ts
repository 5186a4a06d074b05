import { isIPv4, isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { type Clock, covers, type Role, type Signature } from '../core/index.ts'
import { type Caller, signatureOf } from './callers.ts'
import { Problem } from './problem.ts'
import type { RateLimit } from './rate-limit.ts'
import type { Sessions } from './session-book.ts'
import { sessionLength } from './token.ts'

/** What a request brings along: the part of Node's own request that is used here; nothing where it came without a port. */
export interface Environment {
  Bindings: {
    readonly incoming?: {
      readonly socket: { readonly remoteAddress?: string; readonly encrypted?: boolean }
      /** Names and values by turns, as they came. */
      readonly rawHeaders?: readonly string[]
    }
  }
  /** Who asks, once access is checked; undefined: somebody, where everybody may. */
  Variables: { caller: Caller | undefined }
}

/**
 * Refuses requests under a foreign name. A page of another site can make its own name point to the agent's address and
 * would then count as the agent's own page ("DNS rebinding"); the name it asked for gives it away. An address is no name.
 */
export function checkHost(names: ReadonlySet<string>): MiddlewareHandler<Environment> {
  return async (context, next) => {
    const name = hostName(context)
    if (name !== 'localhost' && !isAddress(name) && !names.has(name))
      throw new Problem('HTTP_WRONG_HOST', `the agent does not answer to the name ${name.slice(0, 100) || '(none)'}`)
    await next()
  }
}

/** What access to an operation asks of a caller; `least`: the role that it needs. */
export type Check = (least: Role) => MiddlewareHandler<Environment>

/** How often something may be changed from an address: by each who shows token or session, and by all others together. */
export interface ChangeLimits {
  readonly known: RateLimit
  readonly unknown: RateLimit
}

/**
 * Refuses changes that a page of another origin asks for, those of whoever shows neither token nor session, or has not the
 * role, and those of whoever asks for too many. Who it is comes first: what others behind the same proxy do costs a known
 * caller nothing.
 */
export function checkChange(sessions: Sessions, clock: Clock, limits: ChangeLimits): Check {
  return (least) => async (context, next) => {
    checkOrigin(context, sessions)
    const caller = callerOf(context, sessions, clock)
    const address = addressOf(context)
    if (!(caller ? limits.known.take(`${nameOf(caller)} ${address}`) : limits.unknown.take(address)))
      throw new Problem('HTTP_TOO_MANY', 'too many changes at once')
    context.set('caller', admitted(context, caller, least))
    await next()
  }
}

/** Lets everybody read, or only whoever shows token or session; who they are, and whether they have the role, where they do. */
export function checkRead(sessions: Sessions, clock: Clock, read: 'open' | 'token'): Check {
  return (least) => async (context, next) => {
    context.set('caller', read === 'token' ? admitted(context, callerOf(context, sessions, clock), least) : undefined)
    await next()
  }
}

function admitted(context: Context<Environment>, caller: Caller | undefined, least: Role): Caller {
  if (!caller)
    throw new Problem('HTTP_UNAUTHORIZED', bearerOf(context) === undefined ? 'this needs a log-in' : 'the token is wrong') // prettier-ignore
  if (!covers(caller.role, least))
    throw new Problem('HTTP_FORBIDDEN', `this needs the role ${least}, and ${caller.name ?? 'the caller'} is ${caller.role}`) // prettier-ignore
  return caller
}

/**
 * Who asks: by token, by the reverse proxy, or by session; undefined where it shows none, or one that is not right.
 * Throws a Problem where the proxy names somebody without a role.
 */
export function callerOf(context: Context<Environment>, sessions: Sessions, clock: Clock): Caller | undefined {
  const { callers } = sessions
  const proxied = callers.proxy?.callerOf(addressOf(context), (name) => context.req.header(name))
  const bearer = bearerOf(context)
  if (bearer !== undefined) return callers.ofToken(bearer, clock.now())
  return proxied ?? sessions.callerOf(getCookie(context, sessions.cookie), clock.now())
}

/** What tells callers apart: each session for itself, however many hang on one token. */
export function nameOf({ session, key }: Caller): string {
  return session ?? key
}

/** With whose name a change is put down; `said`: the `by` of the request. */
export function signed(context: Context<Environment>, said: string | undefined): Signature {
  return signatureOf(context.get('caller')!, said)
}

function bearerOf(context: Context<Environment>): string | undefined {
  return /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1]
}

/** Where a request comes from; all of a proxy's count as one. */
export function addressOf(context: Context<Environment>): string {
  return context.env.incoming?.socket.remoteAddress ?? 'unknown'
}

/** The names of all headers of a request; one that came twice is there twice. */
export function headerNames(context: Context<Environment>): readonly string[] {
  const raw = context.env.incoming?.rawHeaders
  return raw ? raw.filter((_, i) => i % 2 === 0) : Object.keys(context.req.header())
}

/** Throws where a browser says that the request comes from another origin. Programs send neither header. */
export function checkOrigin(context: Context<Environment>, { callers }: Sessions): void {
  const origin = context.req.header('origin')
  const site = context.req.header('sec-fetch-site')
  const forwarded = callers.proxy?.trusts(addressOf(context)) ? context.req.header('x-forwarded-host') : undefined
  const foreign = origin !== undefined && originHost(origin) !== (forwarded ?? context.req.header('host'))
  if (foreign || (site !== undefined && site !== 'same-origin' && site !== 'none'))
    throw new Problem('HTTP_CROSS_ORIGIN', `a page of ${origin ?? 'another site'} asked for this change`)
}

/** Gives the browser a session of its own. */
export function logIn(context: Context<Environment>, sessions: Sessions, clock: Clock, caller: Caller): void {
  const now = clock.now()
  const maxAge = sessionLength / 1_000
  const options = {
    httpOnly: true,
    sameSite: 'Strict',
    path: '/',
    maxAge,
    secure: isSecure(context, sessions),
  } as const
  setCookie(context, sessions.cookie, sessions.begin(caller, addressOf(context), now), options)
}

/** Ends the session of the browser, here and there. */
export function logOut(context: Context<Environment>, sessions: Sessions): void {
  sessions.end(getCookie(context, sessions.cookie))
  deleteCookie(context, sessions.cookie, { path: '/', secure: isSecure(context, sessions) })
}

/** Whether the browser speaks TLS, with the agent or with the proxy before it. */
function isSecure(context: Context<Environment>, { callers }: Sessions): boolean {
  const byProxy = callers.proxy?.trusts(addressOf(context)) && context.req.header('x-forwarded-proto') === 'https'
  return byProxy === true || context.env.incoming?.socket.encrypted === true
}

/** Does the request come from this very machine, by a loopback name and through no proxy? */
export function isLocal(context: Context<Environment>): boolean {
  const address = context.env.incoming?.socket.remoteAddress ?? ''
  const proxied = context.req.header('forwarded') ?? context.req.header('x-forwarded-for')
  return proxied === undefined && isLoopbackName(hostName(context)) && /^(127\.|::1$|::ffff:127\.)/.test(address)
}

/** Without port, in lower case, brackets of IPv6 kept. */
function hostName(context: Context): string {
  return (context.req.header('host') ?? '').toLowerCase().replace(/:\d+$/, '')
}

/** An address of IPv4 or, in brackets, of IPv6: nobody else can make it point here. */
function isAddress(name: string): boolean {
  return isIPv4(name) || (/^\[.*\]$/.test(name) && isIPv6(name.slice(1, -1)))
}

/** The names that an agent answers to besides `localhost` and addresses: the machine's own, and those of its settings. */
export function namesOf(host: string, configured: readonly string[]): ReadonlySet<string> {
  const machine = hostname().toLowerCase()
  const [short] = machine.split('.')
  return new Set([host, machine, short, `${short}.local`, ...configured].map((name) => name.toLowerCase()))
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name)
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
