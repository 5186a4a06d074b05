import type { Config } from '../settings/index.ts'
import { Secret } from '../core/index.ts'

interface Compared {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

/** What differs between two configurations, by what has to be done about it. */
export interface Changes extends Compared {
  /** What in the pipeline differs: `clean`, `assets.pump`, `monitors.pump-health`. */
  readonly pipeline: readonly string[]
  /** Names of stations to be started, stopped, or stopped and started. */
  readonly stations: Compared
  readonly logging: boolean
  /** Keys that take effect at the next start only. */
  readonly later: readonly string[]
}

/** Compares two configurations, both valid. Secrets count by what they hold. */
export function changesBetween(before: Config, after: Config): Changes {
  const connectors = compare(before.connectors, after.connectors)
  const parts = (['assets', 'monitors', 'aggregates', 'actions'] as const).flatMap((key) => {
    const { added, removed, changed } = compare(before[key], after[key])
    return [...added, ...removed, ...changed].map((name) => `${key}.${name}`)
  })
  const others = (Object.keys(after) as (keyof Config)[]).filter((key) => !own.includes(key))
  return {
    ...connectors,
    stations: stationsBetween(before, after),
    pipeline: [...(same(before.clean, after.clean) ? [] : ['clean']), ...parts],
    logging: !same(before.log, after.log),
    later: others.filter((key) => !same(before[key], after[key])),
  }
}

/** Keys whose changes are applied while the agent runs. */
const own: readonly (keyof Config)[] = [
  'connectors',
  'clean',
  'assets',
  'monitors',
  'aggregates',
  'inspections',
  'actions',
  'log',
]

/** A station whose images, or whose PLC, are at a server that is another now is another as well. */
function stationsBetween(before: Config, after: Config): Compared {
  const servers = (config: Config) =>
    Object.fromEntries(
      Object.entries(config.inspections).map(([name, settings]) => {
        const { source, reject } = settings
        const named = [source?.type === 'opcua' && source.connector, reject?.connector]
        return [name, [settings, ...named.map((server) => (server ? config.connectors[server] : undefined))]]
      }),
    )
  return compare(servers(before), servers(after))
}

/** `after` with the values of `before` under the keys that wait for the next start. */
export function effective(before: Config, after: Config, { later }: Changes): Config {
  return { ...after, ...Object.fromEntries(later.map((key) => [key, before[key as keyof Config]])) }
}

/** The changes in words, empty where there are none. */
export function changesText({ pipeline, stations, logging, later, ...connectors }: Changes): string[] {
  const texts = (what: string, { added, removed, changed }: Compared) => [
    ...added.map((name) => `${what} ${name} started`),
    ...removed.map((name) => `${what} ${name} stopped`),
    ...changed.map((name) => `${what} ${name} restarted`),
  ]
  return [
    ...texts('connector', connectors),
    ...texts('station', stations),
    ...pipeline.map((part) => `${part} changed`),
    ...(logging ? ['log level changed'] : []),
    ...later.map((key) => `${key} takes effect at the next start`),
  ]
}

function compare(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): Compared {
  const names = Object.keys(after)
  return {
    added: names.filter((name) => !Object.hasOwn(before, name)),
    removed: Object.keys(before).filter((name) => !Object.hasOwn(after, name)),
    changed: names.filter((name) => Object.hasOwn(before, name) && !same(before[name], after[name])),
  }
}

/** Deep equality of settings. A definition, which holds functions, is one object in both. */
export function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (one instanceof Secret || other instanceof Secret)
    return one instanceof Secret && other instanceof Secret && one.reveal() === other.reveal()
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && same(one[key as never], other[key as never]))
  )
}
