import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readOwnImageModel } from '../../models/inspection/bundle.ts'
import type { ImageBundle } from '../../models/inspection/manifest.ts'
import { type Config, monitorModels, stationModels } from '../settings/index.ts'
import { valuesModel } from '../core/index.ts'
import { entriesBetween, readJournal } from '../journal/index.ts'
import { loadLife, pipelineCursor } from '../pipeline/index.ts'
import { StationLife, type ValuesModel, openValuesModel } from '../stations/index.ts'
import { shelfOf } from './shelf.ts'

/**
 * The version of a model of a station that is at work by what the journal in the data folder says, whether an agent runs or
 * not; the newest of the registry where the journal says nothing; undefined where there is none. `name`: of the station, or
 * `valuesModel` of it.
 */
export async function versionAtWork(config: Config, name: string): Promise<string | undefined> {
  const begun = existsSync(join(config.data, 'journal', 'data.mdb'))
  const told = begun ? await fromJournal(config, name) : undefined
  return told ?? (await shelfOf(config, name).registry.versions(name)).at(-1)
}

/** The model of a station: the one at work, a version by name, or the user's own. Rejects with a DetectorError. */
export async function stationModel(config: Config, station: string, version?: string): Promise<ImageBundle> {
  const { model } = config.inspections[station]
  if (model.type === 'onnx') return readOwnImageModel(model, station)
  const wanted = version ?? (await versionAtWork(config, station)) ?? ''
  return stationModels(config).load(station, wanted)
}

/** The model of a station's values: the one at work, or a version by name. Rejects with a DetectorError. */
export async function stationValues(config: Config, station: string, version?: string): Promise<ValuesModel> {
  const name = valuesModel(station)
  const wanted = version ?? (await versionAtWork(config, name)) ?? ''
  const bundle = await monitorModels(config).load(name, wanted)
  return openValuesModel(bundle, config.inspections[station])
}

function fromJournal(config: Config, name: string): Promise<string | undefined> {
  return readJournal(config, (journal) => {
    const checkpoint = journal.cursor(pipelineCursor)
    const life = new StationLife()
    loadLife(checkpoint?.state, name, life)
    const { first, next } = journal.stats('samples')
    for (const entries of entriesBetween(journal, checkpoint?.offset ?? first, next)) {
      for (const entry of entries) {
        if (entry.kind === 'event' && entry.event.type === 'model' && entry.event.monitor === name)
          life.take(entry.event)
      }
    }
    return life.model
  })
}
