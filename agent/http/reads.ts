import type { Context } from 'hono'
import type { Verdict } from '../view/index.ts'
import { addressOf, callerOf, nameOf } from './access.ts'
import { alarmsCsv } from './alarms-csv.ts'
import type { AppParts } from './parts.ts'
import { addInspections } from './inspection-reads.ts'
import { operations } from './operations.ts'
import { Problem } from './problem.ts'
import type { Route } from './routes.ts'

/** All that is asked and changes nothing. */
export function addReads(
  route: Route,
  { view, feed, sessions, clock }: Pick<AppParts, 'view' | 'feed' | 'sessions' | 'clock'>,
): void {
  route('GET /healthz', (context) => verdict(context, view.health()))
  route('GET /readyz', (context) => verdict(context, view.ready()))
  route('GET /metrics', async (context) =>
    context.body(await view.metricsText(), 200, { 'content-type': operations['GET /metrics'].media }),
  )
  route('GET /api/state', (context) => context.json(view.state()))
  route('GET /api/ledger', (context) => context.json(view.ledger()))
  route('GET /api/trends', (context) => context.json(view.trends()))
  route('GET /api/dead-letters', async (context, { query }) => context.json(await view.deadLetters(query)))
  route('GET /api/dead-letters/:letter', async (context) => {
    const id = context.req.param('letter')!
    const letter = /^\d{1,15}$/.test(id) ? await view.deadLetter(Number(id)) : undefined
    if (!letter) throw new Problem('HTTP_UNKNOWN', `there is no dead letter ${id}`)
    return context.json(letter)
  })
  route('GET /api/audit', async (context, { query }) => context.json(await view.audit(query.limit)))
  route('GET /api/models', async (context) => context.json(await view.models()))
  route('GET /api/actions', (context) => context.json(view.actions.view()))
  route('GET /api/certificates', async (context) => context.json(await view.certificates()))
  route('GET /api/alarms/history', async (context, { query }) => context.json(await view.alarmHistory(query.limit)))
  route('GET /api/alarms.csv', async (context, { query }) => {
    const { changes } = await view.alarmHistory(query.limit)
    return context.body(alarmsCsv(changes), 200, {
      'content-type': operations['GET /api/alarms.csv'].media,
      'content-disposition': `attachment; filename="alarms-${view.site}.csv"`,
    })
  })
  route('GET /api/history', async (context, { query: { tag, asset, ...range } }) => {
    const found = await view.history({ ...range, ...(asset !== undefined && { asset }), ...(tag && { tags: tag }) })
    if (found === 'unknown') throw new Problem('HTTP_UNKNOWN', `there is no ${asset ?? `tag ${tag!.join(', ')}`}`)
    if (found === 'busy') throw new Problem('HTTP_BUSY', 'too many charts are being read')
    return context.json(found)
  })
  route('GET /api/events', (context) => {
    const caller = callerOf(context, sessions, clock)
    // Whoever may not read any more does not go on listening.
    const stays = () => caller === undefined || callerOf(context, sessions, clock) !== undefined
    const stream = feed.open({ name: caller ? nameOf(caller) : addressOf(context), known: caller !== undefined, stays })
    if (!stream) throw new Problem('HTTP_BUSY', 'too many pages listen to live events')
    const type = operations['GET /api/events'].media
    return context.body(stream, 200, { 'content-type': type, 'x-accel-buffering': 'no' })
  })
  addInspections(route, { view })
}

function verdict(context: Context, { ok, reasons }: Verdict): Response {
  return context.json({ ok, reasons }, ok ? 200 : 503, { 'cache-control': 'no-store' })
}
