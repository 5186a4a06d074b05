import { trainStation, type TrainedStation } from '../models/inspection/train.ts'
import { writeImageBundle } from '../models/inspection/bundle.ts'
import type { Config } from './components.ts'
import { ConfigError } from './core/index.ts'
import { imageFiles, readImages } from './image-folder.ts'
import { stationModelFolder } from './inspections.ts'

/** Trains the model of a station from a folder of images and puts it where the station looks for it. */
export async function trainFromFolder(
  config: Config,
  station: string,
  folder: string,
  progress: (step: string, share: number) => void,
): Promise<TrainedStation> {
  const settings = config.inspections[station]
  if (settings.model.type === 'onnx') {
    throw new ConfigError([
      { path: `inspections.${station}.model`, message: 'a network of your own is not trained here' },
    ])
  }
  const trained = await trainStation({
    station,
    settings: settings.model,
    images: await readImages(await imageFiles(folder)),
    colour: settings.colour,
    ...(settings.region && { region: settings.region }),
    bounds: settings.bounds,
    created: Date.now(),
    progress,
  })
  await writeImageBundle(stationModelFolder(config.data, station), trained.bundle)
  return trained
}
