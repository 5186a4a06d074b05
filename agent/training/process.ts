import { parseConfig } from '../../config/index.ts'
import { type Config, monitorModels, schema } from '../settings/index.ts'
import { MillwrightError, describeError } from '../core/index.ts'
import { partsOfJournal, stationOfValues, trainAndRegister, trainStationValues } from '../stations/index.ts'
import { entriesBetween, leadIn, offsetAt, readJournal } from '../journal/index.ts'
import type { ProcessAnswer, ProcessJob } from '../learning/index.ts'
import { learn } from './training.ts'

const tell = (answer: ProcessAnswer) =>
  new Promise<void>((resolve) => process.send!(answer, undefined, undefined, () => resolve()))

process.once('message', (job: ProcessJob) => {
  train(job)
    .then(tell)
    .catch((error: unknown) => tell(failure(error)))
    .finally(() => process.disconnect())
})

/** Share of the progress that reading takes. */
const reading = 0.5
/** Least wall time between two reports of progress, ms. */
const reportEvery = 200

function train(job: ProcessJob): Promise<ProcessAnswer> {
  const config = parseConfig(job.text, { schema, args: job.args })
  const measured = stationOfValues(config, job.monitor)
  if (measured !== undefined) return trainOfValues(config, measured, job)
  if (job.monitor in config.inspections) return trainOfStation(config, job)
  if (job.monitor in config.monitors) return trainOfMonitor(config, job)
  return Promise.resolve({ failed: `the configuration has no ${job.monitor} any more`, retryable: false })
}

async function trainOfStation(config: Config, { monitor, created, active }: ProcessJob): Promise<ProcessAnswer> {
  const { version, trained } = await trainAndRegister(config, monitor, {
    created,
    ...(active !== undefined && { active }),
    progress: reporter((step, share) => ({ progress: share, step })),
  })
  const { images, held_out } = trained.bundle.manifest.training
  return { version, used: `${images + held_out} images` }
}

async function trainOfValues(
  config: Config,
  station: string,
  { to, created, active }: ProcessJob,
): Promise<ProcessAnswer> {
  const report = reporter((progress: number, step: string) => ({ progress, step }))
  const range = { from: -Infinity, until: Infinity, to }
  const parts = await readJournal(config, (journal) =>
    partsOfJournal(journal, station, config.inspections[station], range, (share) => report(share * reading, 'reading')),
  )
  const version = await trainStationValues(config, station, parts, {
    created,
    ...(active !== undefined && { active }),
    progress: (share, step) => report(reading + share * (1 - reading), step),
  })
  return { version, used: `${parts.length} parts` }
}

/** Tells the agent, now and then. */
function reporter<Words extends unknown[]>(progress: (...words: Words) => { progress: number; step: string }) {
  let reported = 0
  return (...words: Words) => {
    if (performance.now() - reported < reportEvery) return
    reported = performance.now()
    void tell(progress(...words))
  }
}

async function trainOfMonitor(
  config: Config,
  { monitor, to, since, created, active }: ProcessJob,
): Promise<ProcessAnswer> {
  return readJournal(config, async (journal) => {
    const from = offsetAt(journal, since - leadIn(config.monitors[monitor].window))
    let read = 0
    const report = reporter((share: number, step: string) => ({
      progress: Number.isNaN(share) ? read * reading : reading + share * (1 - reading),
      step,
    }))
    const bundle = await learn(
      {
        config,
        monitor,
        tags: journal.tags,
        entries: entriesBetween(journal, from, to, (share) => (read = share)),
        created,
        since,
        budget: config.monitors[monitor].learn.budget,
        progress: report,
        ...(active !== undefined && { parent: active }),
      },
      never,
    )
    const version = await monitorModels(config).register(bundle, active)
    return { version, used: `${bundle.manifest.training.used} windows` }
  })
}

/** The process is killed to cancel it, so nothing inside has to listen. */
const never = new AbortController().signal

function failure(error: unknown): ProcessAnswer {
  if (!(error instanceof MillwrightError)) return { failed: describeError(error), retryable: true }
  return { failed: describeError(error), ...(error.remedy && { remedy: error.remedy }), retryable: error.retryable }
}
