import { deleteCookie } from 'hono/cookie'
import { addressOf, checkOrigin, isLoggedIn, logIn } from './access.ts'
import type { AppParts } from './parts.ts'
import { Problem } from './problem.ts'
import { RateLimit } from './rate-limit.ts'
import type { Route } from './routes.ts'

/** Guesses in one go, and ms until one more: a token has 256 bits, this is for the log and the lamp. */
const guesses = { burst: 10, refill: 6_000 }

/** Log-in once, then a cookie that scripts cannot read and other sites cannot send. */
export function addSessions(route: Route, { view, sessions, clock, read, log }: AppParts): void {
  const limit = new RateLimit(guesses, clock)
  route('GET /api/session', (context) => context.json({ loggedIn: isLoggedIn(context, sessions, clock), read }))
  route('POST /api/login', async (context, { body: { token, by = 'unknown' } }) => {
    checkOrigin(context)
    const address = addressOf(context)
    const right = sessions.isToken(token.trim())
    // Only guesses count: those of others behind the same proxy keep nobody out who has the token.
    if (!right && !limit.take(address)) throw new Problem('HTTP_TOO_MANY', 'too many log-ins')
    await view
      .note({ by, action: right ? 'log-in' : 'log-in refused', subject: address, detail: '' })
      .catch((error: unknown) => log.warn({ error }, 'a log-in could not be put down'))
    if (!right) throw new Problem('HTTP_UNAUTHORIZED', 'the token is wrong')
    logIn(context, sessions, clock)
    return context.json({ loggedIn: true })
  })
  route('POST /api/logout', (context) => {
    checkOrigin(context)
    deleteCookie(context, sessions.cookie, { path: '/' })
    return context.json({ loggedIn: false })
  })
}
