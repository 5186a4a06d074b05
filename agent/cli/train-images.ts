import { join } from 'node:path'
import type { Config } from '../settings/index.ts'
import { versionAtWork } from '../training/index.ts'
import { trainAndRegister } from '../stations/index.ts'
import { Progress, whenAtWork } from './data.ts'
import { stationOf } from './inspect.ts'

/**
 * `millwright train` for a station: from a folder of images, or where none is named from that of the settings and from what
 * operators said of parts.
 */
export async function trainImages(
  config: Config,
  station: string,
  folder: string | undefined,
  json = false,
): Promise<void> {
  stationOf(config, station)
  const started = performance.now()
  const progress = new Progress('training')
  const active = await versionAtWork(config, station)
  const { version, trained } = await trainAndRegister(config, station, {
    created: Date.now(),
    ...(active !== undefined && { active }),
    ...(folder !== undefined && { folder }),
    progress: (step, share) => progress.show(Math.round(share * 100), `% of ${step}`),
  })
  progress.end()
  const seconds = (performance.now() - started) / 1000
  const { type, metrics } = trained.bundle.manifest
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
    `${station}: model ${version} registered in ${join(config.data, 'models')} after ${seconds.toFixed(1)} s; ${whenAtWork(station, version, active)}`,
  )
}
