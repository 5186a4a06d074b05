import { existsSync, readFileSync } from 'node:fs'
import { InvalidArgumentError, Option } from 'commander'
import { loadConfig } from '../../config/index.ts'
import type { Config } from '../settings/index.ts'
import { explain } from './explain.ts'
import { keepSecret } from './guard.ts'

/** A configuration with what it was made from: the training process reads it again. */
export interface Loaded {
  readonly config: Config
  readonly text: string
  readonly args: readonly string[]
}

/** What `millwright init` writes where it is run; else that of a checkout. */
export const defaultConfig = existsSync('plant.yaml') ? 'plant.yaml' : 'config/plant.yaml'

export const configOption = () => new Option('-c, --config <file>', 'the configuration').default(defaultConfig)

/** The options that override the file, by their key in the configuration. */
export const overrides = [
  new Option('--site <name>', 'name of the plant'),
  new Option('--data <folder>', 'folder of journal, models and keys'),
  new Option('--log-level <level>', 'debug, info, warn, error or silent'),
  new Option('--http-port <port>', 'port of the page; 0 picks a free one').argParser(portOf),
  new Option('--http-host <address>', 'address the page listens on'),
  new Option('--http-names <names>', 'names under which the page is reached, separated by commas'),
] as const

function portOf(text: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text
  throw new InvalidArgumentError('Expected a number from 0 to 65535.')
}

/** `{ httpPort: 0 }` -> `['--http-port=0']`, the words that the configuration layers read. */
export function overridesOf(options: Readonly<Record<string, unknown>>): string[] {
  return overrides.flatMap((option) => {
    const value = options[option.attributeName()]
    return typeof value === 'string' ? [`${option.long!}=${value}`] : []
  })
}

/** Loads a file; on problems prints each with its line and exits with 78. */
export async function loadOrExit(file: string, args: readonly string[] = []): Promise<Loaded> {
  // Loaded here: the schema knows every connector, operator and model, which a help text need not.
  const { schema, secretsOf } = await import('../settings/index.ts')
  try {
    const config = loadConfig(file, { schema, args })
    keepSecret(secretsOf(config))
    return { config, text: readFileSync(file, 'utf8'), args }
  } catch (error) {
    process.exit(explain(error, file))
  }
}
