import type { Context } from 'hono'
import type { AlarmAnswer, PlantView } from './agent-view.ts'
import type { AppParts } from './app.ts'
import { Problem } from './problem.ts'
import type { Route } from './routes.ts'

/** All that changes something; what is no record of its own is put down for the audit. */
export function addChanges(route: Route, { view }: Pick<AppParts, 'view'>): void {
  const done = (context: Context, answer: AlarmAnswer, alarm: string) => {
    if (answer === 'unknown') throw new Problem('HTTP_UNKNOWN', `there is no alarm ${alarm}`)
    return context.json({ alarm })
  }
  route('POST /api/alarms/:alarm/acknowledge', async (context, { body }) => {
    const alarm = context.req.param('alarm')!
    return done(context, await view.acknowledge({ alarm, ...body }), alarm)
  })
  route('POST /api/alarms/:alarm/shelve', async (context, { body: { for: duration, ...who } }) => {
    const alarm = context.req.param('alarm')!
    return done(context, await view.shelve({ alarm, ...who, duration }), alarm)
  })
  route('POST /api/alarms/:alarm/unshelve', async (context, { body }) => {
    const alarm = context.req.param('alarm')!
    return done(context, await view.unshelve({ alarm, ...body }), alarm)
  })
  route('POST /api/certificates/approve', async (context, { body: { by, connector, thumbprint } }) => {
    if ((await view.approve(connector, thumbprint)) === 'unknown')
      throw new Problem('HTTP_UNKNOWN', `${connector} has no pending certificate ${thumbprint}`)
    await view.note({ by, action: 'approve certificate', subject: connector, detail: thumbprint })
    return context.json({ thumbprint })
  })
  addPlant(route, { view })
}

function addPlant(route: Route, { view }: Pick<AppParts, 'view'>): void {
  const plant = (): PlantView => {
    if (!view.plant) throw new Problem('HTTP_NO_PLANT', 'no simulated plant is attached')
    return view.plant
  }
  route('POST /api/plant/inject', async (context, { body: { asset, fault, by = 'unknown' } }) => {
    if (!plant().inject(asset, fault)) throw new Problem('HTTP_UNKNOWN', `${asset} cannot have the fault ${fault}`)
    await view.note({ by, action: 'inject', subject: asset, detail: fault })
    return context.json({ asset, fault })
  })
  route('POST /api/plant/repair', async (context, { body: { asset, by = 'unknown' } }) => {
    if (!plant().repair(asset)) throw new Problem('HTTP_UNKNOWN', `there is no asset ${asset} in the simulated plant`)
    await view.note({ by, action: 'repair', subject: asset, detail: '' })
    return context.json({ asset })
  })
}
