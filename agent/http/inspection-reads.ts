import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import type { AppParts } from './parts.ts'
import type { PictureAnswer } from '../view/index.ts'
import { operations } from './operations.ts'
import { Problem } from './problem.ts'
import type { Route } from './routes.ts'

/** What stations saw and concluded. */
export function addInspections(route: Route, { view }: Pick<AppParts, 'view'>): void {
  const parameters = (context: Context) => [context.req.param('station')!, context.req.param('id')!] as const
  route('GET /api/inspections', (context) => context.json(view.inspection.stations()))
  route('GET /api/inspections/:station', (context, { query }) => {
    const name = context.req.param('station')!
    const found = view.inspection.station(name, query.limit, query.only)
    if (!found) throw new Problem('HTTP_UNKNOWN', `there is no station ${name}`)
    return context.json(found)
  })
  route('GET /api/inspections/:station/images/:id', async (context) => {
    const [station, id] = parameters(context)
    const type = operations['GET /api/inspections/:station/images/:id'].media
    return picture(context, await view.inspection.image(station, id), type)
  })
  route('GET /api/inspections/:station/maps/:id', async (context) => {
    const [station, id] = parameters(context)
    const type = operations['GET /api/inspections/:station/maps/:id'].media
    return picture(context, await view.inspection.map(station, id), type)
  })
}

/** A picture never changes under its address; whoever may not read it any more must not find it in the browser either. */
function picture(context: Context, answer: PictureAnswer, type: string): Response {
  if (answer === 'unknown') throw new Problem('HTTP_UNKNOWN', 'this picture is not there, or not any more')
  if (answer === 'busy') throw new Problem('HTTP_BUSY', 'too many pictures are being made')
  const tag = `"${createHash('sha256').update(answer).digest('base64url').slice(0, 20)}"`
  const headers = { etag: tag, 'cache-control': 'private, no-cache' }
  if (context.req.header('if-none-match') === tag) return context.body(null, 304, headers)
  return context.body(new Uint8Array(answer), 200, { ...headers, 'content-type': type })
}
