import { trainMeasured, type MeasuredPart } from '../../models/inspection/measured.ts'
import type { Config } from '../components.ts'
import { ConfigError, type CorrectionEvent, type InspectionEvent, type Journal } from '../core/index.ts'
import type { StationSettings } from './config.ts'
import { imageInput, measuredNames, measuredRegistry } from './measured.ts'
import { stationFolder } from './stations.ts'
import { entriesBetween, offsetAt } from '../journal-range.ts'
import { classOf } from './part-table.ts'

/** Event times of the parts to learn from, ms since epoch, both inclusive. */
export interface PartRange {
  readonly from: number
  readonly until: number
}

/** Inputs of the model of a station's measured values. Throws a ConfigError where it has none. */
export function inputsOf(config: Config, station: string): string[] {
  const settings = config.inspections[station]
  if (settings.measured) return measuredNames(settings)
  const message = 'has no model of measured values to train: say `measured: { model: anomaly }`'
  throw new ConfigError([{ path: `inspections.${station}`, message }])
}

/** Trains the model of a station's measured values and registers it; resolves with its version. Rejects with a DetectorError. */
export async function trainStationValues(
  config: Config,
  station: string,
  parts: readonly MeasuredPart[],
  progress: (share: number, step: string) => void,
): Promise<string> {
  const names = inputsOf(config, station)
  const { model } = config.inspections[station].measured!
  const bundle = await trainMeasured(model, parts, { station, names, created: Date.now() }, { progress })
  return measuredRegistry(stationFolder(config.data, station)).register(bundle)
}

/**
 * Parts that a station judged, as the journal has them, with all their values. Their class is what people said of them;
 * where nobody did, a part that failed is of the class that it was called, and one that passed is of none: it may be good.
 */
export function partsOfJournal(
  journal: Journal,
  station: string,
  settings: StationSettings,
  range: PartRange,
): MeasuredPart[] {
  const judged: InspectionEvent[] = []
  const said = new Map<string, CorrectionEvent>()
  for (const chunk of entriesBetween(journal, offsetAt(journal, range.from), journal.stats('samples').next)) {
    for (const entry of chunk) {
      if (entry.kind !== 'event') continue
      const { event } = entry
      if (event.type === 'inspection' && event.station === station) judged.push(event)
      if (event.type === 'correction' && event.station === station) said.set(keyOf(event.part, event.of), event)
    }
  }
  const names = measuredNames(settings)
  return judged
    .filter(({ time }) => time >= range.from && time <= range.until)
    .map((event) => partOf(event, said.get(keyOf(event.part, event.time)), settings))
    .filter(({ values }) => names.every((name) => name in values))
}

function partOf(event: InspectionEvent, said: CorrectionEvent | undefined, settings: StationSettings): MeasuredPart {
  const { time, score, values, verdict } = event
  const known = said ? classOf(said.class, settings.verdict) : verdict === 'fail' ? failed(event, settings) : undefined
  return {
    time,
    values: settings.measured?.image && score !== null ? { ...values, [imageInput]: score } : values,
    ...(known !== undefined && { class: known }),
  }
}

/** A part may fail by its values alone: its image, or the model, may have called it good. */
function failed({ label }: InspectionEvent, { verdict }: StationSettings): string {
  const own = label === '' ? 'defect' : label
  return classOf(own, verdict) === own ? own : 'defect'
}

function keyOf(part: string, time: number | undefined): string {
  return `${time} ${part}`
}
