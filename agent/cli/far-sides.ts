import { type Finding, assetPattern } from '../core/index.ts'
import type { Config } from '../settings/index.ts'
import { examineAddress } from './doctor/connectors.ts'
import { trouble, warning } from './doctor/findings.ts'
import { examine, rehearse, type Rehearsed } from './rehearsal.ts'

/** A finding, and what it is about: a connector, or a class of assets. */
export type Told = { readonly about: string } & Finding

/** What the far sides say of a configuration within `seconds`: what is not there, and what nobody speaks of. */
export async function farSides(config: Config, seconds: number): Promise<Told[]> {
  const told: Told[] = []
  for (const name of Object.keys(config.connectors)) {
    const way = await examineAddress(config.connectors[name].settings)
    if (way?.level === 'trouble') told.push({ about: name, ...way })
    else for await (const finding of examine(config, name)) if (finding.level !== 'good') told.push({ about: name, ...finding }) // prettier-ignore
  }
  const found = await rehearse(byTopic(config), seconds * 1000, (all) => all.every(isDone))
  for (const one of found) if (!told.some(({ about, level }) => about === one.name && level === 'trouble')) told.push(...silence(one, seconds)) // prettier-ignore
  return [...told, ...classesWithoutTags(config, found)]
}

/** Files end; of live sources more may come until the time is over. */
function isDone({ status }: Rehearsed): boolean {
  return status.message === 'read to its end' || status.state === 'down'
}

const between = ', topic '

/** A connector per topic filter: which of them nobody speaks on is not told by what comes of all. */
function byTopic(config: Config): Config {
  const connectors = Object.entries(config.connectors).flatMap(([name, one]) => {
    const settings = one.settings as { readonly topics?: readonly { readonly filter?: unknown }[] }
    const { topics } = settings
    if (!topics || one.definition.type !== 'mqtt') return [[name, one] as const]
    return topics.map((topic) => [`${name}${between}${String(topic.filter)}`, { ...one, settings: { ...settings, topics: [topic], publish: undefined } }] as const) // prettier-ignore
  })
  return { ...config, connectors: Object.fromEntries(connectors) }
}

function silence({ name, samples, rejected, status, type }: Rehearsed, seconds: number): Told[] {
  const about = name
  if (status.state === 'down')
    return [{ about, ...trouble(status.message, status.remedy ?? 'See `millwright doctor`.') }]
  const [[reason, { rows, example }] = [undefined, { rows: 0, example: '' }]] = rejected
  if (reason !== undefined) return [{ about, ...(samples > 0 ? warning : trouble)(`${rows} values cannot be used (${reason}), such as: ${example}`, '`millwright doctor` tells what helps.') }] // prettier-ignore
  if (samples > 0) return []
  if (type === 'mqtt') return [{ about, ...trouble(`nobody spoke within ${seconds} s`, 'Check the filter and the sender, or wait longer with --seconds.') }] // prettier-ignore
  return [{ about, ...trouble(`no sample within ${seconds} s`, 'Check that it has values, or wait longer with --seconds.') }] // prettier-ignore
}

/** Classes of assets that no tag fits of those that came; where a source gave none, nothing is known of them. */
function classesWithoutTags({ assets }: Config, found: readonly Rehearsed[]): Told[] {
  const names = found.flatMap(({ tags }) => [...tags].map(({ name }) => name))
  return Object.entries(assets).flatMap(([about, { tags }]) => {
    const pattern = assetPattern(tags)
    if (names.some((name) => pattern.test(name))) return []
    const such = names.length === 0 ? 'no tag came at all' : `there are ${names.slice(0, 3).join(', ')}`
    return [{ about, ...trouble(`no tag fits ${tags}: ${such}`, 'Mend the pattern under `assets`, or the names of the tags.') }] // prettier-ignore
  })
}
