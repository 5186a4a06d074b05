import { trainStation } from '../../../models/inspection/train.ts'
import type { LabelledImage, TrainedStation } from '../../../models/inspection/assignment.ts'
import { type Config, stationModels } from '../../settings/index.ts'
import { ConfigError, DetectorError, readWhole } from '../../core/index.ts'
import { imageFiles, readImages } from '../images/image-folder.ts'
import { ImageStore } from '../images/image-store.ts'
import { labelledFolder } from '../station.ts'
import { lessonOf } from './lesson.ts'
import { stationFolder } from '../unit.ts'

export interface StationTrainingOptions {
  /** Written into the bundle; ms since epoch. */
  readonly created: number
  /** Version at work: it is compared on the held-out images, and stays in the registry. */
  readonly active?: string
  /** Learns from this folder alone. Absent: from that of the settings and from what operators said. */
  readonly folder?: string
  readonly progress: (step: string, share: number) => void
}

/**
 * Trains the model of a station and registers it; resolves with its version. Rejects with a ConfigError where the station
 * has a network of the user's own, or a DetectorError (TRAINING_DATA, TRAINING_FAILED, MODEL_MISMATCH).
 */
export async function trainAndRegister(
  config: Config,
  station: string,
  { created, active, folder, progress }: StationTrainingOptions,
): Promise<{ version: string; trained: TrainedStation }> {
  const { model, colour, region, bounds, learn } = config.inspections[station]
  if (model.type === 'onnx') {
    throw new ConfigError([
      { path: `inspections.${station}.model`, message: 'a network of your own is not trained here' },
    ])
  }
  const registry = stationModels(config)
  const before = active === undefined ? undefined : await registry.load(station, active).catch(() => undefined)
  const { images, defects } = await lesson(config, station, folder)
  const trained = await trainStation({
    station,
    settings: model,
    images,
    defects,
    colour,
    ...(region && { region }),
    bounds,
    created,
    ...(active !== undefined && { parent: active }),
    ...(before && { before }),
    budget: learn.budget,
    progress,
  })
  return { version: await registry.register(trained.bundle, active), trained }
}

async function lesson(config: Config, station: string, folder: string | undefined) {
  const { model, learn } = config.inspections[station]
  const from = folder ?? learn.images
  const given: LabelledImage[] = from === undefined ? [] : await readImages(await imageFiles(from))
  const labelled = folder === undefined ? await labelledImages(stationFolder(config.data, station)) : []
  if (given.length + labelled.length === 0) {
    throw new DetectorError('TRAINING_DATA', `there is no image that station ${station} could learn from`, {
      remedy: 'Set learn.images to a folder, or say what parts are: millwright label verdict PART --station NAME.',
    })
  }
  return lessonOf(given, labelled, model.type === 'onnx' ? [] : model.methods)
}

/** The images that operators said the class of, oldest first. */
async function labelledImages(folder: string): Promise<LabelledImage[]> {
  const groups = await new ImageStore(labelledFolder(folder), { size: Infinity }).list()
  const files = [...groups].flatMap(([label, images]) => images.map((image) => ({ ...image, label })))
  files.sort((a, b) => a.time - b.time || (a.path < b.path ? -1 : 1))
  return Promise.all(
    files.map(async ({ path, label }) => ({ name: path, label, series: 'operators', image: await readWhole(path) })),
  )
}
