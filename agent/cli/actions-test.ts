import { Decisions, type Explanation } from '../decisions/index.ts'
import { replayJournal } from '../replay/index.ts'
import { monitorModels } from '../settings/index.ts'
import { loadOrExit } from './configuration.ts'
import { instant } from './data.ts'
import { createLogger } from './logger.ts'
import { withJournal } from './open-journal.ts'
import { print, table } from './output.ts'

/** `millwright actions test`: prints what actions would have done at a time, by the journal. */
export async function testActions({
  config: file,
  at,
  json,
}: {
  config: string
  at: string
  json?: boolean
}): Promise<void> {
  // prettier-ignore
  const { config } = await loadOrExit(file)
  const to = instant(at)
  await withJournal(file, async (journal) => {
    const decider = new Decisions(config, journal.tags)
    const parts = { config, journal, decider, to, registry: monitorModels(config), log: createLogger(config) }
    await replayJournal({ ...parts, results: () => undefined })
    const stands = [...decider.instances].map((one) => decider.explain(one))
    print(json, { at: to, stopped: decider.stopped ?? null, stands }, () =>
      [
        ...(decider.stopped ? [`All actions were stopped by ${decider.stopped.by}.`] : []),
        stands.length === 0 ? 'No action had anything to look at then.' : table(stands.map(explained), ''),
      ].join('\n'),
    )
  })
}

function explained({ action, asset, when, interlock, value, read }: Explanation): string[] {
  const holds = 'why' in when ? `undecided: ${when.why}` : when.value === true ? 'would act' : 'does not hold'
  const would = value === undefined ? '' : 'why' in value ? `no value: ${value.why}` : `value ${String(value.value)}`
  const locked = interlock === undefined || ('value' in interlock && interlock.value === true) ? '' : 'interlock does not hold' // prettier-ignore
  return [
    action,
    asset,
    holds,
    would,
    locked,
    read.map(({ what, value: had }) => `${what} = ${String(had)}`).join(', '),
  ]
}
