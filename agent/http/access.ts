import { isIPv4, isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Clock } from '../core/index.ts'
import { Problem } from './problem.ts'
import type { RateLimit } from './rate-limit.ts'
import { sessionLength, type Sessions } from './token.ts'

/** What a request brings along: the part of Node's own request that is used here; nothing where it came without a port. */
export interface Environment {
  Bindings: { readonly incoming?: { readonly socket: { readonly remoteAddress?: string } } }
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

/** How often something may be changed from an address: by each who shows token or session, and by all others together. */
export interface ChangeLimits {
  readonly known: RateLimit
  readonly unknown: RateLimit
}

/**
 * Refuses changes that a page of another origin asks for, those of whoever shows neither token nor session, and those of
 * whoever asks for too many. Who it is comes first: what others behind the same proxy do costs a known caller nothing.
 */
export function checkChange(sessions: Sessions, clock: Clock, limits: ChangeLimits): MiddlewareHandler<Environment> {
  return async (context, next) => {
    checkOrigin(context)
    const caller = callerOf(context, sessions, clock)
    const address = addressOf(context)
    if (!(caller === undefined ? limits.unknown.take(address) : limits.known.take(`${caller} ${address}`)))
      throw new Problem('HTTP_TOO_MANY', 'too many changes at once')
    checkCaller(context, sessions, clock)
    await next()
  }
}

/** Lets everybody read, or only whoever shows token or session. */
export function checkRead(sessions: Sessions, clock: Clock, read: 'open' | 'token'): MiddlewareHandler<Environment> {
  return async (context, next) => {
    if (read === 'token') checkCaller(context, sessions, clock)
    await next()
  }
}

function checkCaller(context: Context<Environment>, sessions: Sessions, clock: Clock): void {
  if (callerOf(context, sessions, clock) === undefined)
    throw new Problem('HTTP_UNAUTHORIZED', bearerOf(context) === undefined ? 'this needs a log-in' : 'the token is wrong') // prettier-ignore
}

/** By what a caller is known: the token, or the session; undefined where it shows neither, or one that is not right. */
export function callerOf(context: Context<Environment>, sessions: Sessions, clock: Clock): string | undefined {
  const bearer = bearerOf(context)
  if (bearer !== undefined) return sessions.isToken(bearer) ? 'token' : undefined
  return isLoggedIn(context, sessions, clock) ? `session ${getCookie(context, sessions.cookie)!}` : undefined
}

function bearerOf(context: Context<Environment>): string | undefined {
  return /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1]
}

/** Where a request comes from; all of a proxy's count as one. */
export function addressOf(context: Context<Environment>): string {
  return context.env.incoming?.socket.remoteAddress ?? 'unknown'
}

/** Throws where a browser says that the request comes from another origin. Programs send neither header. */
export function checkOrigin(context: Context<Environment>): void {
  const origin = context.req.header('origin')
  const site = context.req.header('sec-fetch-site')
  const foreign = origin !== undefined && originHost(origin) !== context.req.header('host')
  if (foreign || (site !== undefined && site !== 'same-origin' && site !== 'none'))
    throw new Problem('HTTP_CROSS_ORIGIN', `a page of ${origin ?? 'another site'} asked for this change`)
}

export function isLoggedIn(context: Context<Environment>, sessions: Sessions, clock: Clock): boolean {
  return sessions.isOpen(getCookie(context, sessions.cookie), clock.now())
}

export function logIn(context: Context<Environment>, sessions: Sessions, clock: Clock): void {
  const options = { httpOnly: true, sameSite: 'Strict', path: '/', maxAge: sessionLength / 1_000 } as const
  setCookie(context, sessions.cookie, sessions.begin(clock.now()), options)
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
