import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from '../models/index.ts'
import type { Config } from './components.ts'
import { createConnections, type Connection } from './connections.ts'
import { describeError, systemClock, type Clock, type Journal, type Logger, type ModelEvent } from './core/index.ts'
import { deliver, sinkLedger, type Delivery } from './delivery.ts'
import { createHttp, loadToken, type Listening } from './http/index.ts'
import { Ingest } from './ingest.ts'
import { openJournal } from './journal/index.ts'
import { Learning } from './learning.ts'
import { Live, pipelineCursor } from './live.ts'
import { createMetrics } from './metrics.ts'
import { detectorLoader, fileVersion } from './models.ts'
import { Newest } from './newest.ts'
import { Pipeline } from './pipeline.ts'
import { View, type ViewParts } from './view.ts'

export interface AgentOptions {
  readonly config: Config
  /** The configuration as text and the arguments it was loaded with, for the training process. */
  readonly text: string
  readonly args: readonly string[]
  readonly log: Logger
  readonly clock?: Clock
  /** A simulated plant that the page may inject faults into. */
  readonly plant?: ViewParts['plant']
  /** Takes the next free port where the configured one is taken. */
  readonly fallback?: boolean
}

export interface Agent {
  /** Where the page is; undefined where HTTP is off. */
  readonly url: string | undefined
  readonly view: View
  readonly journal: Journal
  /** Rejects when the agent cannot go on; otherwise never settles before `stop`. */
  readonly done: Promise<void>
  /** Stops sources, finishes what is in hand, writes a checkpoint. */
  stop(): Promise<void>
}

/** Starts the agent: journal, pipeline, sinks, page, and the sources last. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, log, clock = systemClock } = options
  mkdirSync(config.data, { recursive: true })
  const counted = createMetrics()
  const { metrics } = counted
  const journal = await openJournal({ folder: join(config.data, 'journal'), settings: config.journal, metrics, log })
  const tags = journal.tags
  const connections = createConnections(config, { metrics, log, clock, tags })
  const registry = new Registry(join(config.data, 'models'))
  const checkpoint = journal.cursor(pipelineCursor)
  const sinks = connections.filter(({ sink }) => sink)
  const pipeline = await Pipeline.create({
    config,
    tags,
    metrics,
    detector: detectorLoader(config, registry, log),
    keepSamples: sinks.length > 0,
    saved: checkpoint?.state,
  })
  const newest = new Newest(tags)
  pipeline.cleaned.subscribe((batch) => newest.take(batch))
  const from = checkpoint?.offset ?? journal.stats('samples').first
  const live = new Live({ journal, pipeline, from, metrics, log, clock, checkpointEvery })
  const ingest = new Ingest({ journal, metrics, log, clock, tickFor: tickFor(config) })
  const record = (event: ModelEvent) => ingest.record([{ kind: 'event', event, arrival: clock.now() }])
  const learning = new Learning({
    monitors: pipeline.monitors,
    text: options.text,
    args: options.args,
    log,
    clock,
    end: () => journal.stats('samples').next,
    handled: () => live.next,
    record,
  })
  const deliveries = new Map<string, Delivery>()
  let failure: string | undefined
  const stopping = new AbortController()
  const view = new View({
    site: config.site,
    clock,
    journal,
    tags,
    pipeline,
    newest,
    ingest,
    learning,
    connections,
    metricsText: () => counted.text(),
    deliveries: () =>
      Object.fromEntries(
        [...deliveries].map(([name, delivery]) => [
          name,
          { ledger: sinkLedger(journal, name), status: delivery.state() },
        ]),
      ),
    lag: () => journal.stats('samples').next - live.next,
    failure: () => failure,
    ...(options.plant && { plant: options.plant }),
  })
  pipeline.predictions.subscribe((predictions) => {
    newest.predicted(predictions)
    view.predicted(predictions)
  })
  const listening = config.http.enabled ? await listen(options, view) : undefined
  for (const connection of sinks) {
    deliveries.set(connection.name, startDelivery(connection, journal, { metrics, log, clock }, stopping.signal))
  }
  const running = live.run(stopping.signal).catch((error: unknown) => {
    failure = `the pipeline stopped: ${describeError(error)}`
    log.error({ error }, failure)
    throw error
  })
  const trimming = setInterval(() => void trim(journal, clock, log), 60_000)
  const ready = live.caughtUp.then(async () => {
    await putToWork(pipeline, config, registry, record, clock)
    if (!stopping.signal.aborted) learning.start()
  })
  ready.catch((error: unknown) => log.error({ error }, `learning did not start: ${describeError(error)}`))
  ingest.start(new Map(connections.flatMap(({ name, source }) => (source ? [[name, source] as const] : []))))
  return {
    url: listening?.url,
    view,
    journal,
    done: running,
    stop: once(async () => {
      clearInterval(trimming)
      learning.stop()
      ingest.stop()
      await ingest.drained()
      stopping.abort()
      await Promise.allSettled([running, ...[...deliveries.values()].map(({ done }) => done)])
      await Promise.allSettled(sinks.map(({ sink }) => sink!.close()))
      await listening?.close()
      await pipeline.close()
      await journal.close()
    }),
  }
}

/**
 * ms between checkpoints. What they hold is as large as the open windows, megabytes on a busy gateway, and its disk is
 * often flash; computing a minute again takes a second.
 */
const checkpointEvery = 60_000

/** Monitors without a model get the newest of the registry, or the user's file: as a record, so that a replay knows. */
async function putToWork(
  pipeline: Pipeline,
  config: Config,
  registry: Registry,
  record: (event: ModelEvent) => Promise<void>,
  clock: Clock,
): Promise<void> {
  for (const [monitor, { model }] of pipeline.monitors) {
    const settings = config.monitors[monitor].model
    const file = settings.type === 'onnx' ? await fileVersion(settings.file) : undefined
    const version = file ?? (model === undefined ? (await registry.versions(monitor)).at(-1) : undefined)
    if (version === undefined || version === model) continue
    const detail = file === undefined ? 'newest in the registry' : 'named in the configuration'
    await record({ type: 'model', time: clock.now(), monitor, step: 'active', version, detail })
  }
}

async function listen({ config, log, fallback = false }: AgentOptions, view: View): Promise<Listening> {
  const token = await loadToken(config.data)
  return createHttp({ view, token, log, host: config.http.host, port: config.http.port, fallback }).listen()
}

function startDelivery(
  connection: Connection,
  journal: Journal,
  parts: { metrics: ReturnType<typeof createMetrics>['metrics']; log: Logger; clock: Clock },
  signal: AbortSignal,
): Delivery {
  return deliver({ ...parts, journal, name: connection.name, sink: connection.sink!, signal })
}

/** How long windows may wait for a source that has gone silent, in ms. */
function tickFor(config: Config): number {
  const waits = Object.values(config.monitors).map(({ idle, lateness, window, hold }) => {
    const length = typeof window === 'number' ? window : 'session' in window ? window.session : 0
    return idle + lateness + length + (hold ?? length)
  })
  return Math.max(10_000, ...waits) + 10_000
}

async function trim(journal: Journal, clock: Clock, log: Logger): Promise<void> {
  try {
    await journal.trim(clock.now())
  } catch (error) {
    log.error({}, `the journal could not be trimmed: ${describeError(error)}`)
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined
  return () => (result ??= action())
}
