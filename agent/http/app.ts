import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { secureHeaders } from 'hono/secure-headers'
import { addressOf, checkChange, checkHost, checkRead, type Environment, headerNames } from './access.ts'
import { addChanges, addImages } from './changes.ts'
import { addPage } from './page.ts'
import { answerTo, Problem } from './problem.ts'
import { RateLimit, type RateLimitOptions } from './rate-limit.ts'
import { addReads } from './reads.ts'
import { routesOf, type App } from './routes.ts'
import { addSessions } from './sessions.ts'
import type { AppParts } from './parts.ts'

/** The whole HTTP interface as a function from request to response. */
export function createApp(parts: AppParts): App {
  const { log, names, sessions, clock, read } = parts
  const app: App = new Hono<Environment>()
  app.onError((error, context) => {
    const { status, body, unforeseen } = answerTo(error)
    if (unforeseen) log.error({ error, path: context.req.path }, 'a request failed')
    return context.json(body, status as ContentfulStatusCode)
  })
  app.notFound((context) => {
    const { status, body } = answerTo(
      new Problem('HTTP_NOT_FOUND', `there is no ${context.req.method} ${context.req.path}`),
    )
    return context.json(body, status as ContentfulStatusCode)
  })
  app.use(headers(parts.tls))
  app.use(checkHost(names))
  const { proxy } = sessions.callers
  if (proxy)
    app.use(async (context, next) => {
      proxy.refuseOthers(addressOf(context), headerNames(context))
      await next()
    })
  app.use('/api/*', async (context, next) => {
    await next()
    if (context.res.status >= 400 || !context.res.headers.has('cache-control'))
      context.header('cache-control', 'no-store')
  })
  const limitsOf = (options: RateLimitOptions) => ({
    known: new RateLimit(options, clock),
    unknown: new RateLimit(options, clock),
  })
  const route = routesOf(app, {
    open: () => async (_, next) => next(),
    read: checkRead(sessions, clock, read),
    guarded: checkRead(sessions, clock, 'token'),
    change: checkChange(sessions, clock, limitsOf({ burst: 120, refill: 500 })),
    image: checkChange(sessions, clock, limitsOf({ burst: 1_000, refill: 5 })),
  })
  addReads(route, parts)
  addSessions(route, parts)
  addChanges(route, parts)
  addImages(route, parts)
  addPage(app, parts)
  return app
}

/** Nothing but the agent's own files runs on the page; nobody may frame it. */
function headers(tls: boolean) {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    // Where the agent speaks plain HTTP, whoever puts TLS in front of it sets this there.
    strictTransportSecurity: tls && 'max-age=31536000',
  })
}
