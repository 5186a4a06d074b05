import { schema, type Config } from '../../../agent/settings/schema.ts'
import {
  BatchBuilder,
  Quality,
  silentMetrics,
  TagTable,
  type Detector,
  type Entry,
  type FeatureBatch,
  type JournalEvent,
  type Prediction,
} from '../../../agent/core/index.ts'
import { Pipeline } from '../../../agent/pipeline/pipeline.ts'
import { Collector } from '../../../agent/training/training.ts'

/** Rows of one machine in order of time: values by column. */
export interface Machine {
  readonly name: string
  readonly rows: readonly (readonly number[])[]
}

/** A counter counts hours. */
export const period = 3_600_000

/** A configuration with one monitor, with default settings but for these. */
export function configOf(monitor: Record<string, unknown>): Config {
  return schema.parse({
    assets: { machine: { tags: '{asset}/{role}' } },
    monitors: { bench: { assets: 'machine', ...monitor } },
  })
}

/** Samples of machines as journal entries, one after another; the first row of each is at one period after the epoch. */
export function entriesOf(machines: readonly Machine[], columns: readonly string[], tags: TagTable): Entry[] {
  return machines.map(({ name, rows }, offset) => {
    const builder = new BatchBuilder(name)
    const indices = columns.map((column) => tags.resolve({ name: `${name}/${column}`, type: 'number' }).index)
    rows.forEach((row, at) =>
      row.forEach((value, i) => builder.add(indices[i], (at + 1) * period, value, Quality.good)),
    )
    return { kind: 'samples', batch: builder.take(rows.length * period), offset }
  })
}

/** The feature vectors that a monitor makes of entries. */
export async function vectorsOf(config: Config, tags: TagTable, entries: readonly Entry[]): Promise<FeatureBatch> {
  const collector = new Collector(config.monitors.bench.min_coverage)
  await play(config, tags, entries, undefined, (vectors) => collector.add(vectors))
  return collector.peek()
}

/** The predictions of the agent's pipeline with a model, from the first entry on. */
export async function predictionsOf(
  config: Config,
  tags: TagTable,
  entries: readonly Entry[],
  detector: Detector,
): Promise<Prediction[]> {
  return play(config, tags, entries, detector, () => undefined)
}

async function play(
  config: Config,
  tags: TagTable,
  entries: readonly Entry[],
  detector: Detector | undefined,
  seen: (vectors: FeatureBatch) => void,
): Promise<Prediction[]> {
  const pipeline = await Pipeline.create({
    config,
    tags,
    metrics: silentMetrics,
    keepSamples: false,
    detector: () => Promise.resolve(detector),
  })
  pipeline.monitors.get('bench')!.vectors.subscribe(seen)
  const active: JournalEvent = {
    type: 'model',
    time: 0,
    monitor: 'bench',
    step: 'active',
    version: 'bench',
    detail: '',
  }
  if (detector) await pipeline.handle([{ kind: 'event', event: active, arrival: 0, offset: -1 }])
  const records = [...(await pipeline.handle(entries)), ...(await pipeline.finish(entries.length, 0))]
  await pipeline.close()
  return records.flatMap((record) => (record.kind === 'predictions' ? record.predictions : []))
}
