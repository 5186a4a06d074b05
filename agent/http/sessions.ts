import { addressOf, callerOf, checkOrigin, logIn, logOut, signed } from './access.ts'
import { signatureOf } from './callers.ts'
import { operationsOf } from './least-roles.ts'
import type { AppParts } from './parts.ts'
import { Problem } from './problem.ts'
import { RateLimit } from './rate-limit.ts'
import type { Route } from './routes.ts'

/** Guesses in one go, and ms until one more: a token has 256 bits, this is for the log and the lamp. */
const guesses = { burst: 10, refill: 6_000 }

/** Log-in once, then a cookie that scripts cannot read and other sites cannot send. */
export function addSessions(route: Route, { view, sessions, clock, read, log }: AppParts): void {
  const limit = new RateLimit(guesses, clock)
  route('GET /api/session', (context) => {
    const caller = callerOf(context, sessions, clock)
    const loggedIn = caller !== undefined
    if (caller?.name === undefined) return context.json({ loggedIn, read })
    const { name, proof, role } = caller
    return context.json({ loggedIn, read, name, proof, role, may: operationsOf(role) })
  })
  route('POST /api/login', async (context, { body: { token, by } }) => {
    checkOrigin(context, sessions)
    const address = addressOf(context)
    const caller = sessions.callers.ofToken(token.trim(), clock.now())
    // Only guesses count: those of others behind the same proxy keep nobody out who has the token.
    if (!caller && !limit.take(address)) throw new Problem('HTTP_TOO_MANY', 'too many log-ins')
    await view
      .note({
        ...signatureOf(caller ?? {}, by),
        action: caller ? 'log-in' : 'log-in refused',
        subject: address,
        detail: '',
      })
      .catch((error: unknown) => log.warn({ error }, 'a log-in could not be put down'))
    if (!caller) throw new Problem('HTTP_UNAUTHORIZED', 'the token is wrong')
    logIn(context, sessions, clock, caller)
    return context.json({ loggedIn: true })
  })
  route('POST /api/logout', (context) => {
    checkOrigin(context, sessions)
    logOut(context, sessions)
    return context.json({ loggedIn: false })
  })
  route('GET /api/sessions', (context) => context.json(sessions.list(clock.now())))
  route('POST /api/sessions/:session/end', async (context, { body: { by } }) => {
    const session = context.req.param('session')!
    if (!sessions.endOf(session)) throw new Problem('HTTP_UNKNOWN', `there is no open session ${session}`)
    await view.note({ ...signed(context, by), action: 'end session', subject: session, detail: '' })
    return context.json({ session })
  })
}
