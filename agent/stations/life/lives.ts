import type { Config } from '../../settings/index.ts'
import { valuesModel } from '../../core/index.ts'
import { imageRules, StationLife, valuesRules } from './life.ts'
import { measuredNames } from '../values/measured.ts'

/** The lives of all models of the stations, by name: of a station, or `valuesModel` of it. */
export function stationLives(inspections: Config['inspections']): Map<string, StationLife> {
  const lives = new Map<string, StationLife>()
  for (const [station, settings] of Object.entries(inspections)) {
    if (settings.source) lives.set(station, new StationLife(imageRules))
    if (settings.measured) lives.set(valuesModel(station), new StationLife(valuesRules(measuredNames(settings))))
  }
  return lives
}
