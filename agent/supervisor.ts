import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from '../models/index.ts'
import { ImageRegistry } from '../models/inspection/registry.ts'
import { Annals } from './annals.ts'
import type { Config } from './components.ts'
import { createConnections, type Connection } from './connections.ts'
import {
  describeError,
  systemClock,
  valuesModel,
  type Clock,
  type Journal,
  type JournalEvent,
  type Logger,
} from './core/index.ts'
import { deliver, sinkLedger, type Delivery } from './delivery.ts'
import { HealthTrends } from './health-trends.ts'
import { HistoryReader } from './history.ts'
import { keepHeapSmall } from './heap.ts'
import { createHttp, loadToken, type Listening } from './http/index.ts'
import { Ingest } from './ingest.ts'
import { Gallery, type ImageLookup } from './stations/gallery.ts'
import { Inspections, joinedMonitors } from './stations/stations.ts'
import { Internals } from './internals.ts'
import { openJournal } from './journal/index.ts'
import { MonitorLearner, type Learner } from './learner.ts'
import { Learning } from './learning.ts'
import { Live, pipelineCursor } from './live.ts'
import { createMetrics } from './metrics.ts'
import { ModelRequests } from './model-requests.ts'
import { detectorLoader, fileVersion } from './models.ts'
import { Newest } from './newest.ts'
import { Pipeline } from './pipeline.ts'
import { shelfOf } from './shelf.ts'
import { changesBetween, changesText, effective } from './reload.ts'
import { pkiFolders, Trust } from './trust.ts'
import { View, type ViewParts } from './view.ts'
import { InspectionsView } from './view-inspections.ts'

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
  /**
   * Goes on with another configuration: what differs is stopped and started, all else is left alone, and nothing is lost.
   * Resolves with the changes in words. Rejects, and changes nothing, where a connector cannot be made.
   */
  reload(next: Pick<AgentOptions, 'config' | 'text'>): Promise<string[]>
  /** Stops sources, finishes what is in hand, writes a checkpoint. */
  stop(): Promise<void>
}

/** Starts the agent: journal, pipeline, sinks, page, and the sources last. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { log, clock = systemClock } = options
  let { config, text, args } = options
  keepHeapSmall()
  mkdirSync(config.data, { recursive: true })
  const counted = createMetrics()
  const { metrics } = counted
  const journal = await openJournal({ folder: join(config.data, 'journal'), settings: config.journal, metrics, log })
  const tags = journal.tags
  const connections = createConnections(config, { metrics, log, clock, tags })
  const registry = new Registry(join(config.data, 'models'))
  const checkpoint = journal.cursor(pipelineCursor)
  const sinks = () => connections.filter(({ sink }) => sink)
  const newest = new Newest(tags)
  const imageOf: ImageLookup = (station, part, time) => inspections.units.get(station)?.station.imageOf(part, time)
  const gallery = new Gallery(journal, Object.keys(config.inspections), imageOf, () => view.changes.next())
  const inspections = new Inspections({
    ...{ config, journal, clock, log, metrics, gallery },
    registry: new ImageRegistry(join(config.data, 'models')),
    lives: () => pipeline.stations,
  })
  const createPipeline = async (saved: unknown) => {
    const keepSamples = sinks().length > 0
    const detector = detectorLoader(config, registry, log)
    const created = await Pipeline.create({ config, tags, metrics, detector, keepSamples, saved })
    created.cleaned.subscribe((batch) => {
      newest.take(batch)
      inspections.measured(batch)
    })
    created.stationSteps.subscribe((station) => inspections.stepped(station))
    for (const monitor of joinedMonitors(config)) {
      created.monitors.get(monitor)?.vectors.subscribe((features) => inspections.windowed(monitor, features))
    }
    created.predictions.subscribe((predictions) => {
      newest.predicted(predictions)
      view.predicted(predictions)
    })
    return created
  }
  let pipeline = await createPipeline(checkpoint?.state)
  const from = checkpoint?.offset ?? journal.stats('samples').first
  await inspections.open(from)
  const live = new Live({ journal, pipeline, from, metrics, log, clock, checkpointEvery })
  const ingest = new Ingest({ journal, corrections: inspections, metrics, log, clock, tickFor: () => tickFor(config) })
  const record = (event: JournalEvent) => ingest.record([{ kind: 'event', event, arrival: clock.now() }])
  const learners = (): ReadonlyMap<string, Learner> =>
    new Map<string, Learner>([
      ...[...pipeline.monitors].map(([name, monitor]) => [name, new MonitorLearner(monitor)] as const),
      ...inspections.learners,
    ])
  const learning = new Learning({
    learners,
    source: () => ({ text, args }),
    log,
    clock,
    end: () => journal.stats('samples').next,
    handled: () => live.next,
    record,
    changed: () => view.changes.next(),
  })
  const shelf = (name: string) => shelfOf(config, name)
  const deliveries = new Map<string, Delivering>()
  let failure: string | undefined
  const stopping = new AbortController()
  const readDeliveries = () =>
    Object.fromEntries(
      [...deliveries].map(([name, { delivery }]) => [
        name,
        { ledger: sinkLedger(journal, name), status: delivery.state() },
      ]),
    )
  const lag = () => journal.stats('samples').next - live.next
  const annals = new Annals(journal, (event) => gallery.told(event))
  const view = new View({
    site: config.site,
    clock,
    journal,
    journalLimit: config.journal.size,
    annals,
    history: new HistoryReader(journal),
    trends: new HealthTrends(),
    get trust() {
      return new Trust(pkiFolders(config))
    },
    skew: (source) => counted.value('clock_skew_seconds', { source }),
    tags,
    get pipeline() {
      return pipeline
    },
    newest,
    ingest,
    learning,
    get stationLearners() {
      return inspections.learners
    },
    shelf,
    modelRequests: new ModelRequests({ learners, learning, shelf }),
    connections,
    metricsText: () => counted.text(),
    deliveries: readDeliveries,
    lag,
    failure: () => failure,
    camera: inspections,
    inspection: new InspectionsView(inspections, gallery, clock, (name) => learning.training(name)),
    corrections: inspections,
    ...(options.plant && { plant: options.plant }),
  })
  const internals = new Internals({
    ...{ clock, log, journal, ingest, connections, lag, record },
    deliveries: readDeliveries,
    openAlarms: () => pipeline.alarms.open().length,
    skew: (source) => counted.value('clock_skew_seconds', { source }),
  })
  const listening = config.http.enabled ? await listen(options, view) : undefined
  const startSink = (connection: Connection) => {
    if (connection.sink)
      deliveries.set(connection.name, startDelivery(connection, journal, { metrics, log, clock }, stopping.signal))
  }
  connections.forEach(startSink)
  const running = live.run(stopping.signal).catch((error: unknown) => {
    failure = `the pipeline stopped: ${describeError(error)}`
    log.error({ error }, failure)
    throw error
  })
  const following = annals.follow(stopping.signal)
  const trimming = setInterval(() => void trim(journal, clock, log), 60_000)
  const ready = live.caughtUp.then(async () => {
    await putToWork(pipeline, config, registry, record, clock)
    if (!stopping.signal.aborted) learning.start()
  })
  ready.catch((error: unknown) => log.error({ error }, `learning did not start: ${describeError(error)}`))
  if (sinks().length > 0) internals.start()
  ingest.start(new Map(connections.flatMap(({ name, source }) => (source ? [[name, source] as const] : []))))
  await gallery.fill()
  const inspecting = live.caughtUp.then(() => inspections.start())
  inspecting.catch((error: unknown) => log.error({ error }, `stations did not start: ${describeError(error)}`))

  const disconnect = async (name: string) => {
    await ingest.remove(name)
    const delivering = deliveries.get(name)
    delivering?.stop.abort()
    await delivering?.delivery.done
    deliveries.delete(name)
    const at = connections.findIndex((connection) => connection.name === name)
    const [gone] = connections.splice(at, 1)
    await gone.sink?.close()
  }
  const reload: Agent['reload'] = async (next) => {
    const changes = changesBetween(config, next.config)
    const { added, removed, changed } = changes
    const after = effective(config, next.config, changes)
    // Made before anything is stopped: one that cannot be made changes nothing.
    const made = createConnections(after, { metrics, log, clock, tags }, [...changed, ...added])
    const { stations } = changes
    const [ended, begun] = [
      [...stations.removed, ...stations.changed],
      [...stations.changed, ...stations.added],
    ]
    if (ended.length + begun.length > 0) await inspecting
    await inspections.close(ended)
    await Promise.all([...removed, ...changed].map(disconnect))
    if (next.config.data !== after.data) args = [...args, `--data=${after.data}`]
    const kept = sinks().length > 0
    config = after
    text = next.text
    connections.push(...made)
    if (changes.pipeline.length + ended.length + begun.length > 0 || sinks().length > 0 !== kept) {
      await live.caughtUp
      const monitors = [...pipeline.monitors.keys()].filter((name) => changes.pipeline.includes(`monitors.${name}`))
      for (const name of [...monitors, ...ended, ...ended.map(valuesModel)])
        learning.cancel(name, 'its configuration has changed')
      pipeline = await live.swap(createPipeline)
      await putToWork(pipeline, config, registry, record, clock)
    }
    gallery.show(Object.keys(config.inspections))
    await inspections.reopen(config, begun, live.next)
    for (const connection of made) {
      startSink(connection)
      if (connection.source) ingest.add(connection.name, connection.source)
    }
    view.changes.next()
    const told = changesText(changes)
    if (told.length > 0)
      await view.note({ by: 'the file', action: 'reload', subject: 'configuration', detail: told.join('; ') })
    return told
  }
  let reloading: Promise<unknown> = Promise.resolve()
  return {
    url: listening?.url,
    view,
    journal,
    done: running,
    reload: (next) => {
      const result = reloading.then(() => reload(next))
      reloading = result.catch(() => undefined)
      return result
    },
    stop: once(async () => {
      await reloading
      clearInterval(trimming)
      learning.stop()
      ingest.stop()
      await inspections.stop()
      await internals.stop()
      await ingest.drained()
      stopping.abort()
      await Promise.allSettled([running, following, ...[...deliveries.values()].map(({ delivery }) => delivery.done)])
      await Promise.allSettled(connections.map(async ({ sink }) => sink?.close()))
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
  record: (event: JournalEvent) => Promise<void>,
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
  return createHttp({ view, token, log, fallback, ...config.http }).listen()
}

/** A delivery, and what ends it alone. */
interface Delivering {
  readonly delivery: Delivery
  readonly stop: AbortController
}

function startDelivery(
  connection: Connection,
  journal: Journal,
  parts: { metrics: ReturnType<typeof createMetrics>['metrics']; log: Logger; clock: Clock },
  stopping: AbortSignal,
): Delivering {
  const stop = new AbortController()
  stopping.addEventListener('abort', () => stop.abort(), { once: true, signal: stop.signal })
  const delivery = deliver({ ...parts, journal, name: connection.name, sink: connection.sink!, signal: stop.signal })
  return { delivery, stop }
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
