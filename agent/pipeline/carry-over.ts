import { createHash } from 'node:crypto'
import type { Config } from '../settings/index.ts'

type Settings = Pick<Config, 'clean' | 'assets' | 'monitors'> & Partial<Pick<Config, 'aggregates'>>

/** The part of a pipeline's saved state that depends on its settings. */
interface Carried {
  /** By key; keys of a monitor begin with `monitors/<name>/`, of an aggregate with `aggregates/<name>/`, those of the common operators with `clean/`. */
  readonly states: Record<string, unknown>
  readonly located: Record<string, readonly number[]>
  /** What `settingsOf` gave when the state was saved; absent in the states of earlier versions. */
  readonly made?: Record<string, string>
}

/** A fingerprint of the settings behind each part of a pipeline's state, by the prefix of its keys. */
export function fingerprints({ clean, assets, monitors, aggregates = {} }: Settings): Record<string, string> {
  const common = hash(clean)
  return Object.fromEntries([
    ['clean', common],
    ...Object.keys(assets).map((name) => [`assets/${name}`, hash(shapeOf(assets[name]))]),
    ...Object.entries(aggregates).map(([name, settings]) => [
      `aggregates/${name}`,
      hash([common, shapeOf(assets[settings.assets]), settings]),
    ]),
    ...Object.entries(monitors).map(([name, settings]) => {
      // When it learns and alarms says nothing about its windows.
      const { learn: _, alarm: __, ...shape } = settings
      return [`monitors/${name}`, hash([common, shapeOf(assets[settings.assets]), shape])]
    }),
  ]) as Record<string, string>
}

/** What kind of signals they are says nothing about windows. */
function shapeOf({ tags }: Settings['assets'][string]): Pick<Settings['assets'][string], 'tags'> {
  return { tags }
}

/**
 * What of a saved state fits these settings. The open windows and the memory of operators whose settings have changed say
 * nothing any more: they begin anew, all others go on to the bit.
 */
export function carryOver<Saved extends Carried>(saved: Saved | undefined, settings: Settings): Saved | undefined {
  if (!saved?.made) return saved
  const { made } = saved
  const now = fingerprints(settings)
  const fits = (prefix: string) => made[prefix] === now[prefix]
  const states = Object.entries(saved.states).filter(([key]) => {
    const [room, name] = key.split('/')
    return fits(room === 'monitors' || room === 'aggregates' ? `${room}/${name}` : room)
  })
  const located = Object.entries(saved.located).filter(([name]) => fits(`assets/${name}`))
  return { ...saved, states: Object.fromEntries(states), located: Object.fromEntries(located) }
}

/** Of the settings as JSON; of a definition, which holds functions, its type is left. */
function hash(settings: unknown): string {
  const text = JSON.stringify(settings, (key, value: unknown) =>
    key === 'definition' ? (value as { type: string }).type : value,
  )
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
