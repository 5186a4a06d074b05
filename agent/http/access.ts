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
    readonly incoming?: { readonly socket: { readonly remoteAddress?: string; readonly encrypted?: boolean } }
  }
  /** Who asks, once access is checked; undefined: somebody, where everybody may. */
  Variables: { caller: Caller | undefined }
}

/**
 * Refuses requests under a foreign name. A page of another site can make its own name point to 127.0.0.1 and would then
 * count as the agent's own page ("DNS rebinding"); the name it asked for gives it away.
 */
export function checkHost(names: ReadonlySet<string>): MiddlewareHandler<Environment> {
  return async (context, next) => {
    const name = hostName(context)
    if (!isLoopbackName(name) && !names.has(name))
      throw new Problem('HTTP_WRONG_HOST', `the agent does not answer to the name ${name || '(none)'}`)
    await next()
  }
}

/** What access to an operation asks of a caller; `least`: the role that it needs. */
export type Check = (least: Role) => MiddlewareHandler<Environment>

/**
 * Refuses changes that a page of another origin asks for, those of whoever shows neither token nor session, or has not the
 * role, and those of whoever asks for too many.
 */
export function checkChange(sessions: Sessions, clock: Clock, limit: RateLimit): Check {
  return (least) => async (context, next) => {
    checkOrigin(context, sessions)
    if (!limit.take(addressOf(context))) throw new Problem('HTTP_TOO_MANY', 'too many changes at once')
    context.set('caller', checkCaller(context, sessions, clock, least))
    await next()
  }
}

/** Lets everybody read, or only whoever shows token or session; who they are, and whether they have the role, where they do. */
export function checkRead(sessions: Sessions, clock: Clock, read: 'open' | 'token'): Check {
  return (least) => async (context, next) => {
    context.set('caller', read === 'token' ? checkCaller(context, sessions, clock, least) : undefined)
    await next()
  }
}

function checkCaller(context: Context<Environment>, sessions: Sessions, clock: Clock, least: Role): Caller {
  const caller = callerOf(context, sessions, clock)
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

export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name)
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
