import { join } from 'node:path'
import { Command } from 'commander'
import { Registry } from '../../models/index.ts'
import type { Config } from '../components.ts'
import { ConfigError, TagTable } from '../core/index.ts'
import { entriesFrom, learn } from '../training.ts'
import { configOption, loadOrExit } from './configuration.ts'
import { Progress, dataFile, format } from './data.ts'
import { trainImages } from './train-images.ts'

interface TrainOptions {
  readonly config: string
  readonly monitor: string
  readonly data?: string
  readonly images?: string
  readonly json?: boolean
}

/** `millwright train`: a model from a file, into the registry. */
export function train(): Command {
  return new Command('train')
    .description(
      'Train the model of a monitor from a CSV file and register it; `millwright models promote` puts it to work.',
    )
    .addOption(configOption())
    .requiredOption('--monitor <name>', 'a key of `monitors`, or with --images one of `inspections`')
    .option('--data <file>', 'CSV file of normal operation')
    .option('--images <folder>', 'images of a station: one folder per class, or good ones only')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ millwright train --config plant.yaml --monitor pump-health --data january.csv',
    )
    .action(async (options: TrainOptions) => {
      const { config } = loadOrExit(options.config)
      const started = performance.now()
      if (options.images !== undefined) return trainImages(config, options.monitor, options.images, options.json)
      if (options.data === undefined) throw new ConfigError([{ path: 'data', message: 'name --data or --images' }])
      const version = await trainFrom(config, { monitor: options.monitor, data: options.data })
      const seconds = (performance.now() - started) / 1000
      if (options.json) console.log(JSON.stringify({ monitor: options.monitor, version, seconds }))
      else
        console.log(
          `${options.monitor}: model ${version} registered in ${join(config.data, 'models')} after ${seconds.toFixed(1)} s`,
        )
    })
}

async function trainFrom(config: Config, { monitor, data }: { monitor: string; data: string }): Promise<string> {
  if (!(monitor in config.monitors)) {
    const known = Object.keys(config.monitors)
    throw new ConfigError([
      { path: `monitors.${monitor}`, message: `no such monitor; known: ${known.join(', ') || 'none'}` },
    ])
  }
  const tags = new TagTable()
  const progress = new Progress('training')
  const bundle = await learn(
    {
      config,
      monitor,
      tags,
      entries: entriesFrom(dataFile(config, data, tags)),
      created: Date.now(),
      progress: (_, step) => progress.say(step),
    },
    new AbortController().signal,
  )
  progress.end()
  console.error(`${format(bundle.manifest.training.rows)} windows used`)
  return new Registry(join(config.data, 'models')).register(bundle)
}
