import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { from } from 'rxjs'
import { createMetrics } from '../../agent/runtime/metrics.ts'
import type { Share } from '../../agent/runtime/router.ts'
import { Unit } from '../../agent/runtime/unit.ts'
import { TagTable, type Batch, type Logger, type Source } from '../../agent/core/index.ts'
import { Registry } from '../../models/index.ts'
import { begin, samplesOf, scenario, scenarioText } from './scenario.ts'
import { trainOnScenario } from './scenario-results.ts'
import { parseConfig } from '../../config/index.ts'
import { schema } from '../../agent/settings/schema.ts'
import { until } from './until.ts'

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** The first pump belongs to one unit, the others to the other. */
export const shareOfScenario: Share = (asset) => (asset === 'line1/pump1' ? 0 : 1)

/** A unit over the scenario's plant in a folder of its own, with a model that scores from the first sample on. Time stands still. */
export async function openUnit(data: string): Promise<Unit> {
  await mkdir(data, { recursive: true })
  await new Registry(join(data, 'models')).register(await trainOnScenario(new TagTable()))
  const text = scenarioText()
  const config = parseConfig(text, { schema, env: {}, args: [`--data=${data}`] })
  const setting = { config, text, args: [`--data=${data}`] }
  const unit = await Unit.open({ setting, log: silent, clock: { now: () => begin }, counted: createMetrics() })
  unit.start()
  await until('the model is at work', () => caughtUp(unit) && hasModel(unit))
  return unit
}

/** The scenario as a source, those of its batches that `of` leaves. */
export function scenarioSource(tags: TagTable, of: (batch: Batch) => Batch = (batch) => batch): Source {
  const batches = [...samplesOf(scenario, tags)].map(of)
  return { batches: () => from(batches.filter(({ length }) => length > 0).map((batch) => ({ batch }))) }
}

/** Ends a unit when it has handled all that it got. */
export async function finish(unit: Unit): Promise<void> {
  await unit.ingest.drained()
  await until('all is handled', () => caughtUp(unit))
  await unit.stop()
}

function caughtUp(unit: Unit): boolean {
  return unit.view.state().throughput.lag === 0
}

function hasModel(unit: Unit): boolean {
  const { next } = unit.journal.stats('samples')
  return unit.journal.read('samples', 0, next).some((entry) => entry.kind === 'event' && entry.event.type === 'model')
}
