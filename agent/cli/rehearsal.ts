import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../settings/index.ts'
import {
  type Arrival,
  type ConnectorContext,
  type DeadReason,
  type Finding,
  type Logger,
  type Status,
  TagTable,
  describeError,
  silentMetrics,
  systemClock,
} from '../core/index.ts'
import { Newest } from '../view/index.ts'

/** What came of a source while it was tried. */
export interface Rehearsed {
  readonly name: string
  readonly type: string
  status: Status
  samples: number
  /** Of them, samples of bad quality. */
  bad: number
  /** What could not be used, by reason, with an example. */
  readonly rejected: Map<DeadReason, { rows: number; example: string }>
  /** Median of arrival minus event time of live samples, ms; NaN before the first. */
  skew: number
  readonly tags: TagTable
  readonly newest: Newest
}

/** Settings of a trial that must not be those of the agent, which may run beside it. */
const trials: Readonly<Record<string, (settings: object, pki: string, trial: number) => object>> = {
  // Another session: the agent's own would be taken away from it, with the messages in it.
  mqtt: (settings, _, trial) => ({ ...settings, client_id: `millwright-trial-${process.pid}-${trial}`, clean: true }),
  // The agent's own keys, which the server may already trust.
  opcua: (settings, pki) => ({ pki, ...settings }),
}

const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** What a connector gets where nobody logs or counts. */
function trialContext(config: Config, name: string, folder: string, tags = new TagTable()): ConnectorContext {
  return {
    name,
    site: config.site,
    folder,
    tags,
    log: quiet,
    metrics: silentMetrics,
    clock: systemClock,
    report: () => undefined,
  }
}

/** What the far side of a connector says when it is looked at; it is in the connector's own folder that keys are. */
export async function* examine(config: Config, name: string): AsyncGenerator<Finding> {
  const { definition, settings } = config.connectors[name]
  const context = trialContext(config, name, join(config.data, 'connectors', name))
  if (definition.examine) yield* definition.examine(settings, context)
}

/** Whether these settings make a sink; making one connects to nothing. */
export async function isSink(config: Config, name: string): Promise<boolean> {
  const { definition, settings } = config.connectors[name]
  const sink = definition.sink?.(settings, trialContext(config, name, join(config.data, 'connectors', name)))
  await sink?.close()
  return sink !== undefined
}

/** The settings of a connector as a trial uses them. */
function trialSettings(config: Config, name: string, trial: number): unknown {
  const { definition, settings } = config.connectors[name]
  const adapt = Object.hasOwn(trials, definition.type) ? trials[definition.type] : undefined
  return adapt ? adapt(settings as object, join(config.data, 'connectors', name, 'pki'), trial) : settings
}

/** Runs `use` with a folder that is removed afterwards. */
async function inTrialFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-trial-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/**
 * Connects the sources of a configuration for `duration` ms and keeps the newest value of each tag; nothing is stored and
 * no sink is touched. Ends early when `enough` says so, which is asked every 100 ms.
 */
export async function rehearse(
  config: Config,
  duration: number,
  enough: (found: readonly Rehearsed[]) => boolean,
  signal?: AbortSignal,
): Promise<Rehearsed[]> {
  return inTrialFolder(async (folder) => {
    const running = Object.entries(config.connectors).flatMap(([name, { definition }], trial) => {
      const found = fresh(name, definition.type)
      const own = join(folder, String(trial))
      mkdirSync(own)
      const context: ConnectorContext = {
        ...trialContext(config, name, own, found.tags),
        report: (status) => (found.status = status),
      }
      const source = definition.source?.(trialSettings(config, name, trial), context)
      if (!source) return []
      const skews: number[] = []
      const subscription = source.batches().subscribe({
        next: (arrival) => take(found, arrival, skews),
        error: (error: unknown) => (found.status = { ...found.status, state: 'down', message: describeError(error) }),
        complete: () => (found.status = { state: 'up', message: 'read to its end' }),
      })
      return [{ found, source, subscription }]
    })
    const all = running.map(({ found }) => found)
    await waitFor(duration, () => enough(all), signal)
    for (const { subscription } of running) subscription.unsubscribe()
    await Promise.allSettled(running.map(async ({ source }) => source.closed?.()))
    return all
  })
}

function fresh(name: string, type: string): Rehearsed {
  const tags = new TagTable()
  const status: Status = { state: 'connecting', message: 'connecting' }
  return { name, type, status, samples: 0, bad: 0, rejected: new Map(), skew: NaN, tags, newest: new Newest(tags) }
}

const mostSkews = 1_001

function take(found: Rehearsed, arrival: Arrival, skews: number[]): void {
  const { batch, rejected = [] } = arrival
  found.samples += batch.length
  for (let row = 0; row < batch.length; row++) {
    if (batch.quality[row] === 2) found.bad++
    if (skews.length < mostSkews) skews.push(batch.arrival - batch.time[row])
  }
  if (skews.length > 0) found.skew = [...skews].sort((a, b) => a - b)[skews.length >> 1]
  found.newest.take(batch)
  for (const { reason, detail, rows } of rejected) {
    const known = found.rejected.get(reason)
    if (known) known.rows += rows
    else found.rejected.set(reason, { rows, example: detail })
  }
  arrival.settled?.(true)
}

async function waitFor(duration: number, done: () => boolean, signal?: AbortSignal): Promise<void> {
  const end = performance.now() + duration
  while (performance.now() < end && !done() && !signal?.aborted)
    await new Promise((resolve) => setTimeout(resolve, 100))
}
