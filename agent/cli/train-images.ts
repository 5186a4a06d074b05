import type { Config } from '../components.ts'
import { trainFromFolder } from '../inspection-training.ts'
import { stationModelFolder } from '../inspections.ts'
import { Progress } from './data.ts'
import { stationOf } from './inspect.ts'

/** `millwright train --images`: the model of a station, from a folder of images. */
export async function trainImages(config: Config, station: string, folder: string, json = false): Promise<void> {
  stationOf(config, station)
  const started = performance.now()
  const progress = new Progress('training')
  const trained = await trainFromFolder(config, station, folder, (step, share) => {
    progress.show(Math.round(share * 100), `% of ${step}`)
  })
  progress.end()
  const seconds = (performance.now() - started) / 1000
  const { version, type, metrics } = trained.bundle.manifest
  for (const { name, detail } of trained.unusable) console.error(`${name} is left out: ${detail}`)
  if (json) {
    console.log(JSON.stringify({ station, version, type, metrics, results: trained.results, seconds }))
    return
  }
  for (const { method, metrics: own, seconds: took, chosen } of trained.results) {
    const figures = Object.entries(own).map(([name, value]) => `${name} ${value.toFixed(3)}`)
    console.log(`${chosen ? '*' : ' '} ${method}: ${figures.join(', ')} (${took.toFixed(1)} s)`)
  }
  console.log(
    `${station}: model ${version} in ${stationModelFolder(config.data, station)} after ${seconds.toFixed(1)} s`,
  )
}
