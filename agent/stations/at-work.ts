import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readOwnImageModel } from '../../models/inspection/bundle.ts'
import type { ImageBundle } from '../../models/inspection/manifest.ts'
import { ImageRegistry } from '../../models/inspection/registry.ts'
import type { Config } from '../components.ts'
import { openJournal } from '../journal/index.ts'
import { entriesBetween } from '../journal-range.ts'
import { pipelineCursor } from '../live.ts'
import { savedStation } from '../pipeline.ts'
import { shelfOf } from '../shelf.ts'

/**
 * The version of a model of a station that is at work by what the journal in the data folder says, whether an agent runs or
 * not; the newest of the registry where the journal says nothing; undefined where there is none. `name`: of the station, or
 * `valuesModel` of it.
 */
export async function versionAtWork(config: Config, name: string): Promise<string | undefined> {
  const folder = join(config.data, 'journal')
  const told = existsSync(join(folder, 'data.mdb')) ? await fromJournal(config, folder, name) : undefined
  return told ?? (await shelfOf(config, name).registry.versions(name)).at(-1)
}

/** The model of a station: the one at work, a version by name, or the user's own. Rejects with a DetectorError. */
export async function stationModel(config: Config, station: string, version?: string): Promise<ImageBundle> {
  const { model } = config.inspections[station]
  if (model.type === 'onnx') return readOwnImageModel(model, station)
  const wanted = version ?? (await versionAtWork(config, station)) ?? ''
  return new ImageRegistry(join(config.data, 'models')).load(station, wanted)
}

async function fromJournal(config: Config, folder: string, name: string): Promise<string | undefined> {
  const journal = await openJournal({ folder, settings: config.journal, readOnly: true })
  try {
    const checkpoint = journal.cursor(pipelineCursor)
    const life = savedStation(checkpoint?.state, name)
    const { first, next } = journal.stats('samples')
    for (const entries of entriesBetween(journal, checkpoint?.offset ?? first, next)) {
      for (const entry of entries) {
        if (entry.kind === 'event' && entry.event.type === 'model' && entry.event.monitor === name)
          life.take(entry.event)
      }
    }
    return life.model
  } finally {
    await journal.close()
  }
}
