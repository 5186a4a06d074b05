import { join } from 'node:path'
import { silentMetrics, type Journal, type JournalEvent, type TagTable } from '../../agent/core/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'
import { Pipeline } from '../../agent/pipeline/pipeline.ts'
import { Collector } from '../../agent/training/training.ts'
import { trainModel, type ModelBundle } from '../../models/index.ts'
import { begin, samplesOf, scenario, scenarioConfig } from './scenario.ts'

/** A model of the scenario's pumps, from their first two minutes. */
export async function trainOnScenario(tags: TagTable): Promise<ModelBundle> {
  const config = scenarioConfig()
  const pipeline = await Pipeline.create({
    config,
    tags,
    metrics: silentMetrics,
    keepSamples: false,
    detector: () => Promise.resolve(undefined),
  })
  const collector = new Collector(0.5)
  pipeline.monitors.get('health')!.vectors.subscribe((vectors) => collector.add(vectors))
  for (const batch of samplesOf(scenario, tags)) {
    if (batch.arrival - begin < 120_000) await pipeline.handle([{ kind: 'samples', batch, offset: 0 }])
  }
  await pipeline.close()
  const data = { features: collector.peek(), monitor: 'health', created: begin }
  return trainModel(config.monitors.health.model, data)
}

/** What is in the results stream, without the cutting into records. */
export function concluded(journal: Journal) {
  const entries = journal.read('results', 0)
  return {
    samples: entries.flatMap((entry) => (entry.kind === 'samples' ? Array.from(entry.batch.value) : [])),
    predictions: entries.flatMap((entry) => (entry.kind === 'predictions' ? entry.predictions : [])),
    events: entries.flatMap((entry) => (entry.kind === 'event' ? [entry.event] : [])),
  }
}

/** The events in the results of an agent that has ended, and the steps of models among them, `<model> <step>`. */
export async function livedThrough(
  data: string,
): Promise<{ events: readonly JournalEvent[]; steps: readonly string[] }> {
  const settings = journalConfig.parse({})
  const journal = await openJournal({ folder: join(data, 'journal'), settings, readOnly: true })
  const { events } = concluded(journal)
  await journal.close()
  const steps = events.flatMap((event) => (event.type === 'model' ? [`${event.monitor} ${event.step}`] : []))
  return { events, steps }
}
