import { fileURLToPath } from 'node:url'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono, type Context, type MiddlewareHandler } from 'hono'
import { deleteCookie } from 'hono/cookie'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { secureHeaders } from 'hono/secure-headers'
import type { Clock, Logger } from '../core/index.ts'
import { checkChange, checkHost, checkOrigin, isLocal, isLoggedIn, logIn, type Environment } from './access.ts'
import type { AgentView, AlarmAnswer, PlantView, Verdict } from './agent-view.ts'
import type { EventFeed } from './event-feed.ts'
import { answerTo, Problem } from './problem.ts'
import { body, check, limit, requests } from './requests.ts'
import type { Sessions } from './token.ts'

export interface AppParts {
  readonly view: AgentView
  readonly feed: EventFeed
  readonly sessions: Sessions
  readonly clock: Clock
  readonly log: Logger
  /** Names, besides those of loopback, that the agent answers to; undefined: to every name. */
  readonly names: ReadonlySet<string> | undefined
}

type App = Hono<Environment>

/** The whole HTTP interface as a function from request to response. */
export function createApp(parts: AppParts): App {
  const { log, names } = parts
  const app: App = new Hono()
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
  app.use(headers())
  if (names) app.use(checkHost(names))
  addHealth(app, parts)
  addReads(app, parts)
  addLogin(app, parts)
  addChanges(app, parts)
  addPage(app, parts)
  return app
}

/** Nothing but the agent's own files runs on the page; nobody may frame it. */
function headers() {
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
    // The agent speaks plain HTTP; whoever puts TLS in front of it sets this there.
    strictTransportSecurity: false,
  })
}

function addHealth(app: App, { view }: AppParts): void {
  const verdict = (context: Context, { ok, reasons }: Verdict) =>
    context.json({ ok, reasons }, ok ? 200 : 503, { 'cache-control': 'no-store' })
  app.get('/healthz', (context) => verdict(context, view.health()))
  app.get('/readyz', (context) => verdict(context, view.ready()))
  app.get('/metrics', async (context) =>
    context.body(await view.metricsText(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )
}

function addReads(app: App, { view, feed, sessions, clock }: AppParts): void {
  app.use('/api/*', async (context, next) => {
    await next()
    context.header('cache-control', 'no-store')
  })
  app.get('/api/state', (context) => context.json(view.state()))
  app.get('/api/ledger', (context) => context.json(view.ledger()))
  app.get('/api/dead-letters', (context) => context.json(view.deadLetters(check(limit, context.req.query('limit')))))
  app.get('/api/session', (context) => context.json({ loggedIn: isLoggedIn(context, sessions, clock) }))
  app.get('/api/events', (context) => {
    const stream = feed.open()
    if (!stream) throw new Problem('HTTP_BUSY', 'too many pages listen to live events')
    return context.body(stream, 200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
  })
}

function addLogin(app: App, { sessions, clock }: AppParts): void {
  app.post('/api/login', async (context) => {
    checkOrigin(context)
    const { token } = await body(context, requests.login)
    if (!sessions.isToken(token.trim())) throw new Problem('HTTP_UNAUTHORIZED', 'the token is wrong')
    logIn(context, sessions, clock)
    return context.json({ loggedIn: true })
  })
  app.post('/api/logout', (context) => {
    checkOrigin(context)
    deleteCookie(context, sessions.cookie, { path: '/' })
    return context.json({ loggedIn: false })
  })
}

function addChanges(app: App, { view, sessions, clock }: AppParts): void {
  const allowed = checkChange(sessions, clock)
  const done = (context: Context, answer: AlarmAnswer, alarm: string) => {
    if (answer === 'unknown') throw new Problem('HTTP_UNKNOWN', `there is no alarm ${alarm}`)
    return context.json({ alarm })
  }
  app.post('/api/alarms/:alarm/acknowledge', allowed, async (context) => {
    const request = { alarm: context.req.param('alarm'), ...(await body(context, requests.acknowledge)) }
    return done(context, await view.acknowledge(request), request.alarm)
  })
  app.post('/api/alarms/:alarm/shelve', allowed, async (context) => {
    const { for: duration, ...who } = await body(context, requests.shelve)
    const alarm = context.req.param('alarm')
    return done(context, await view.shelve({ alarm, ...who, duration }), alarm)
  })
  app.post('/api/alarms/:alarm/unshelve', allowed, async (context) => {
    const request = { alarm: context.req.param('alarm'), ...(await body(context, requests.acknowledge)) }
    return done(context, await view.unshelve(request), request.alarm)
  })
  const plant = (): PlantView => {
    if (!view.plant) throw new Problem('HTTP_NO_PLANT', 'no simulated plant is attached')
    return view.plant
  }
  app.post('/api/plant/inject', allowed, async (context) => {
    const simulated = plant()
    const { asset, fault } = await body(context, requests.inject)
    if (!simulated.inject(asset, fault)) throw new Problem('HTTP_UNKNOWN', `${asset} cannot have the fault ${fault}`)
    return context.json({ asset, fault })
  })
  app.post('/api/plant/repair', allowed, async (context) => {
    const simulated = plant()
    const { asset } = await body(context, requests.repair)
    if (!simulated.repair(asset)) throw new Problem('HTTP_UNKNOWN', `there is no asset ${asset} in the simulated plant`)
    return context.json({ asset })
  })
}

function addPage(app: App, { view, sessions, clock }: AppParts): void {
  app.get('/', async (context, next) => {
    if (view.demo && isLocal(context)) logIn(context, sessions, clock)
    await next()
  })
  const root = fileURLToPath(new URL('../web/static', import.meta.url))
  app.get('*', revalidated, serveStatic<Environment>({ root }))
}

/** A new version of the agent brings a new page: browsers ask each time. */
const revalidated: MiddlewareHandler<Environment> = async (context, next) => {
  await next()
  context.header('cache-control', 'no-cache')
}
