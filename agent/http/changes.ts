import type { Context } from 'hono'
import type { Signature } from '../core/index.ts'
import { type Environment, signed } from './access.ts'
import type { AlarmAnswer, PlantView } from '../view/index.ts'
import type { AppParts } from './parts.ts'
import { Problem } from './problem.ts'
import { boundedBytes } from './requests.ts'
import type { Route } from './routes.ts'

/** All that changes something; what is no record of its own is put down for the audit. */
export function addChanges(route: Route, { view }: Pick<AppParts, 'view'>): void {
  const done = (context: Context<Environment>, answer: AlarmAnswer, alarm: string) => {
    if (answer === 'unknown') throw new Problem('HTTP_UNKNOWN', `there is no alarm ${alarm}`)
    return context.json({ alarm })
  }
  route('POST /api/alarms/:alarm/acknowledge', async (context, { body }) => {
    const alarm = context.req.param('alarm')!
    return done(context, await view.acknowledge({ alarm, ...body, ...signed(context, body.by) }), alarm)
  })
  route('POST /api/alarms/:alarm/shelve', async (context, { body: { for: duration, ...body } }) => {
    const alarm = context.req.param('alarm')!
    return done(context, await view.shelve({ alarm, ...body, ...signed(context, body.by), duration }), alarm)
  })
  route('POST /api/alarms/:alarm/unshelve', async (context, { body }) => {
    const alarm = context.req.param('alarm')!
    return done(context, await view.unshelve({ alarm, ...body, ...signed(context, body.by) }), alarm)
  })
  route('POST /api/labels', async (context, { body }) => {
    const signature = signed(context, body.by)
    if (body.type === 'false-alarm') {
      const { alarm, note } = body
      return done(
        context,
        await view.falseAlarm({ alarm, ...signature, ...(note !== undefined && { reason: note }) }),
        alarm,
      )
    }
    if (body.type === 'verdict') {
      const result = await view.correct(body, signature)
      if (result.answer === 'unknown') throw new Problem('HTTP_UNKNOWN', result.why)
      return context.json({ station: body.station, part: body.part, class: result.class, learns: result.learns })
    }
    if ((await view.label(body, signature)) === 'unknown')
      throw new Problem('HTTP_UNKNOWN', `no monitor watches an asset ${body.asset}`)
    return context.json({ asset: body.asset })
  })
  for (const action of ['resend', 'drop'] as const)
    route(`POST /api/dead-letters/${action}`, async (context, { body: { by, letters } }) =>
      context.json(await view.settleLetters(action, letters, signed(context, by))),
    )
  addModels(route, { view })
  addActions(route, { view })
  route('POST /api/tags/retype', async (context, { body: { by, tag, type } }) => {
    const from = await view.retype(tag, type, signed(context, by))
    if (from === 'unknown') throw new Problem('HTTP_UNKNOWN', `there is no tag ${tag}`)
    return context.json({ tag, from, to: type })
  })
  route('POST /api/certificates/approve', async (context, { body: { by, connector, thumbprint } }) => {
    if ((await view.approve(connector, thumbprint)) === 'unknown')
      throw new Problem('HTTP_UNKNOWN', `${connector} has no pending certificate ${thumbprint}`)
    await view.note({ ...signed(context, by), action: 'approve certificate', subject: connector, detail: thumbprint })
    return context.json({ thumbprint })
  })
  addPlant(route, { view })
}

function addModels(route: Route, { view }: Pick<AppParts, 'view'>): void {
  const monitorOf = (context: Context<Environment>) => context.req.param('monitor')!
  const note = (signature: Signature, action: string, subject: string, detail: string) =>
    view.note({ ...signature, action, subject, detail })
  for (const action of ['retrain', 'cancel'] as const) {
    route(`POST /api/models/:monitor/${action}`, async (context, { body: { by, reason = '' } }) => {
      const monitor = monitorOf(context)
      const signature = signed(context, by)
      view.modelRequests[action](monitor, signature.by)
      await note(signature, action === 'retrain' ? 'retrain' : 'cancel training', monitor, reason)
      return context.json({ monitor })
    })
  }
  route('POST /api/models/:monitor/promote', async (context, { body: { by, reason = '', version } }) => {
    const monitor = monitorOf(context)
    const signature = signed(context, by)
    await view.modelRequests.promote(monitor, version, signature.by)
    await note(signature, 'promote', monitor, `${version} ${reason}`.trim())
    return context.json({ monitor, version })
  })
  route('POST /api/models/:monitor/rollback', async (context, { body: { by, reason = '' } }) => {
    const monitor = monitorOf(context)
    const signature = signed(context, by)
    const version = await view.modelRequests.rollback(monitor, signature.by)
    await note(signature, 'rollback', monitor, `to ${version} ${reason}`.trim())
    return context.json({ monitor, version })
  })
}

function addActions(route: Route, { view: { actions } }: Pick<AppParts, 'view'>): void {
  for (const order of ['approve', 'refuse'] as const)
    route(`POST /api/actions/decisions/:decision/${order}`, async (context, { body: { by, reason } }) => {
      const decision = context.req.param('decision')!
      await actions.answer(order, decision, signed(context, by), context.get('caller')!.role, reason)
      return context.json({ decision })
    })
  for (const order of ['stop', 'resume'] as const)
    route(`POST /api/actions/${order}`, async (context, { body: { by, reason } }) => {
      await actions[order](signed(context, by), reason)
      return context.json({ stopped: order === 'stop' })
    })
}

/** Images of parts, from cameras and programs that post them. */
export function addImages(route: Route, { view: { camera } }: Pick<AppParts, 'view'>): void {
  route('POST /api/inspections/:station/images', async (context, { query: { part } }) => {
    const station = context.req.param('station')!
    const largest = camera?.largest(station)
    if (!camera || largest === undefined) throw new Problem('HTTP_UNKNOWN', `no station ${station} takes images here`)
    await camera.post(station, await boundedBytes(context, largest), part)
    return context.json({ station, ...(part !== undefined && { part }) })
  })
}

function addPlant(route: Route, { view }: Pick<AppParts, 'view'>): void {
  const plant = (): PlantView => {
    if (!view.plant) throw new Problem('HTTP_NO_PLANT', 'no simulated plant is attached')
    return view.plant
  }
  route('POST /api/plant/inject', async (context, { body: { asset, fault, by } }) => {
    if (!plant().inject(asset, fault)) throw new Problem('HTTP_UNKNOWN', `${asset} cannot have the fault ${fault}`)
    await view.note({ ...signed(context, by), action: 'inject', subject: asset, detail: fault })
    return context.json({ asset, fault })
  })
  route('POST /api/plant/repair', async (context, { body: { asset, by } }) => {
    if (!plant().repair(asset)) throw new Problem('HTTP_UNKNOWN', `there is no asset ${asset} in the simulated plant`)
    await view.note({ ...signed(context, by), action: 'repair', subject: asset, detail: '' })
    return context.json({ asset })
  })
}
