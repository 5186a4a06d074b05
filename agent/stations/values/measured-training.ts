import { trainMeasured } from '../../../models/inspection/measured.ts'
import type { MeasuredPart } from '../../../models/inspection/measured-inspector.ts'
import { type Config, monitorModels, type StationSettings } from '../../settings/index.ts'
import { ConfigError, type CorrectionEvent, type InspectionEvent, type Journal, valuesModel } from '../../core/index.ts'
import { entriesBetween, offsetAt } from '../../journal/index.ts'
import { inputsOf, isComplete, measuredNames } from './measured.ts'
import { classOf } from './part-table.ts'

/** Which parts of the journal to learn from. */
export interface PartRange {
  /** Event times, ms since epoch, both inclusive. */
  readonly from: number
  readonly until: number
  /** Offset in `samples` before which they end; the end of the journal where absent. */
  readonly to?: number
}

/** Names of what the model of a station's measured values sees. Throws a ConfigError where it has none. */
export function trainedNames(config: Config, station: string): string[] {
  const settings = config.inspections[station]
  if (settings.measured) return measuredNames(settings)
  const message = 'has no model of measured values to train: say `measured: { model: anomaly }`'
  throw new ConfigError([{ path: `inspections.${station}`, message }])
}

export interface ValuesTrainingOptions {
  /** Written into the bundle; ms since epoch. */
  readonly created: number
  /** Version at work: it is compared on the parts that are held out, and stays in the registry. */
  readonly active?: string
  readonly progress: (share: number, step: string) => void
}

/** Trains the model of a station's measured values and registers it; resolves with its version. Rejects with a DetectorError. */
export async function trainStationValues(
  config: Config,
  station: string,
  parts: readonly MeasuredPart[],
  { created, active, progress }: ValuesTrainingOptions,
): Promise<string> {
  const names = trainedNames(config, station)
  const { measured, learn } = config.inspections[station]
  const model = valuesModel(station)
  const registry = monitorModels(config)
  const before = active === undefined ? undefined : await registry.load(model, active).catch(() => undefined)
  const job = { station, model, names, created, ...(before && { before }) }
  const bundle = await trainMeasured(measured!.model, parts, job, { progress, budget: learn.budget })
  return registry.register(bundle, active)
}

/** Parts that a training reads from the journal, the newest. */
const mostParts = 50_000

/**
 * Parts that a station judged, as the journal has them, with all their values. Their class is what people said of them;
 * where nobody did, a part that failed is of the class that it was called, and one that passed is of none: it may be good.
 * Parts that a model of the values failed and nobody spoke of are left out: they would prove it right by its own word.
 */
export function partsOfJournal(
  journal: Journal,
  station: string,
  settings: StationSettings,
  { from, until, to = journal.stats('samples').next }: PartRange,
  progress?: (share: number) => void,
): MeasuredPart[] {
  const judged: InspectionEvent[] = []
  const said = new Map<string, CorrectionEvent>()
  for (const chunk of entriesBetween(journal, offsetAt(journal, from), to, progress)) {
    for (const entry of chunk) {
      if (entry.kind !== 'event') continue
      const { event } = entry
      if (event.type === 'correction' && event.station === station) said.set(keyOf(event.part, event.of), event)
      if (event.type === 'inspection' && event.station === station && event.time >= from && event.time <= until) {
        if (isComplete(inputsOf(event.values, event.score, settings), settings)) judged.push(event)
      }
    }
    if (judged.length > 2 * mostParts) judged.splice(0, judged.length - mostParts)
  }
  return judged.slice(-mostParts).flatMap((event) => {
    const known = said.get(keyOf(event.part, event.time))
    return !known && failedByValues(event) ? [] : [partOf(event, known, settings)]
  })
}

function failedByValues({ measured }: InspectionEvent): boolean {
  return measured !== undefined && measured.score !== null && measured.score > measured.threshold
}

function partOf(event: InspectionEvent, said: CorrectionEvent | undefined, settings: StationSettings): MeasuredPart {
  const { time, score, values, verdict } = event
  const known = said ? classOf(said.class, settings.verdict) : verdict === 'fail' ? failed(event, settings) : undefined
  return { time, values: inputsOf(values, score, settings), ...(known !== undefined && { class: known }) }
}

/** A part may fail by its values alone: its image, or the model, may have called it good. */
function failed({ label }: InspectionEvent, { verdict }: StationSettings): string {
  const own = label === '' ? 'defect' : label
  return classOf(own, verdict) === own ? own : 'defect'
}

function keyOf(part: string, time: number | undefined): string {
  return `${time} ${part}`
}
