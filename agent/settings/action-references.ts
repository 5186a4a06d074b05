import { z } from 'zod'
import { featureNames, isAssetFeature } from '../../models/features/index.ts'
import { assetPattern } from '../core/index.ts'
import { callsOf, type Call } from '../expressions/index.ts'

type Raw = Readonly<Record<string, unknown>>

/** What actions may name, by the configuration as it was written. */
interface Known {
  readonly classes: Raw
  readonly monitors: readonly string[]
  readonly stations: readonly string[]
  readonly states: readonly string[]
  readonly connectors: Raw
  /** Names of all tags; undefined where the configuration does not say them. */
  readonly tags: readonly string[] | undefined
}

/** Expressions of an action by their path. */
const places = [['when'], ['until'], ['interlock'], ['do', 'write', 'value'], ['do', 'publish', 'value'], ['do', 'post', 'value']] // prettier-ignore

/** What actions name and is not there: connectors, classes, signals, monitors, stations, states. Found whatever else is wrong. */
export function addActionProblems(raw: unknown, context: z.RefinementCtx): void {
  const actions = under(raw, 'actions')
  const connectors = Object.fromEntries(Object.entries(under(raw, 'connectors')).map(([name, one]) => [name, written(one)])) // prettier-ignore
  const known: Known = {
    classes: under(raw, 'assets'),
    monitors: Object.keys(under(raw, 'monitors')),
    stations: Object.keys(under(raw, 'inspections')),
    states: Object.values(actions).flatMap((action) => {
      const { state } = under(under(action, 'do'), 'set')
      return typeof state === 'string' ? [state] : []
    }),
    connectors,
    tags: tagsOf(connectors),
  }
  for (const [name, action] of Object.entries(actions)) {
    if (!isObject(action)) continue
    const problem = (path: readonly string[], message: string, piece?: string) =>
      context.addIssue({ code: 'custom', path: ['actions', name, ...path], message, ...(piece !== undefined && { params: { piece } }) }) // prettier-ignore
    const { for_each: each } = action
    if (typeof each === 'string' && !Object.hasOwn(known.classes, each))
      problem(['for_each'], `no such class of assets "${each}"; ${help(Object.keys(known.classes))}`)
    for (const [kind, type] of [['write', 'opcua'], ['call', 'opcua'], ['publish', 'mqtt']] as const) // prettier-ignore
      addConnectorProblem(under(under(action, 'do'), kind).connector, type, known, (message) => problem(['do', kind, 'connector'], message)) // prettier-ignore
    if (each === undefined) addPlaceProblems(under(action, 'do'), problem)
    for (const path of places) {
      const text = path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), action)
      if (typeof text !== 'string') continue
      for (const call of callsOf(text)) {
        const message = problemOf(call, typeof each === 'string' ? each : undefined, known)
        if (message !== undefined) problem(path, message, text.slice(call.start, call.end))
      }
    }
  }
}

/** A connector as it was written, also where it has been read. */
function written(connector: unknown): unknown {
  if (!isObject(connector) || !isObject(connector.definition)) return connector
  return { type: connector.definition.type, ...(connector.settings as Raw) }
}

function addConnectorProblem(
  name: unknown,
  type: string,
  { connectors }: Known,
  problem: (message: string) => void,
): void {
  if (typeof name !== 'string') return
  const fit = Object.keys(connectors).filter((one) => under(connectors, one).type === type)
  if (!fit.includes(name)) problem(`no such ${type} connector "${name}"; ${help(fit)}`)
}

function addPlaceProblems(chosen: Raw, problem: (path: readonly string[], message: string) => void): void {
  for (const [kind, settings] of Object.entries(chosen))
    for (const [key, text] of isObject(settings) ? Object.entries(settings) : [])
      if (key !== 'payload' && typeof text === 'string' && /\{(asset|\d)\}/.test(text))
        problem(['do', kind, key], `${/\{(asset|\d)\}/.exec(text)![0]} has nothing to stand for: name a class under for_each`) // prettier-ignore
}

/** What is wrong with the names in a call. `each`: the class of assets that the action is for. */
function problemOf({ name, names }: Call, each: string | undefined, known: Known): string | undefined {
  const [first] = names
  const second = names.at(1)
  switch (name) {
    case 'signal':
    case 'age':
    case 'quality':
      return signalProblem(first, each, known)
    case 'feature':
      return missing('monitor', first, known.monitors) ?? featureProblem(second ?? '') ?? needsAsset(name, each)
    case 'prediction':
    case 'alarm':
      if (second === undefined && each === undefined) return `${name}("${first}") needs an asset: ${name}("${first}", "line1/pump2"), or for_each` // prettier-ignore
      return name === 'alarm' && /^signal\./.test(first) ? undefined : missing('monitor', first, known.monitors)
    case 'verdict':
      return missing('station', first, known.stations)
    case 'state':
      return missing('state', first, known.states)
    case 'hour':
    case 'weekday':
      return undefined
  }
}

function needsAsset(name: string, each: string | undefined): string | undefined {
  return each === undefined ? `${name}() is of an asset: name a class under for_each` : undefined
}

function missing(what: string, name: string, known: readonly string[]): string | undefined {
  return known.includes(name) ? undefined : `no such ${what} "${name}"; ${help(known)}`
}

function featureProblem(feature: string): string | undefined {
  if (isAssetFeature(feature)) return undefined
  const of = feature.slice(feature.lastIndexOf('.') + 1)
  if (feature.includes('.') && featureNames.includes(of as never)) return undefined
  return `no such feature "${feature}"; expected ROLE.FEATURE, such as vibration.mean, of ${featureNames.join(', ')}`
}

function signalProblem(signal: string, each: string | undefined, { tags, classes }: Known): string | undefined {
  if (!tags) return undefined
  if (each === undefined) return tags.includes(signal) ? undefined : `no such tag "${signal}"; ${help(tags)}`
  const pattern = under(classes, each).tags
  const roles = typeof pattern === 'string' ? rolesOf(pattern, tags) : undefined
  if (!roles || roles.includes(signal)) return undefined
  return `no ${each} has a signal "${signal}"; ${help(roles)}`
}

function rolesOf(pattern: string, tags: readonly string[]): string[] | undefined {
  try {
    const matcher = assetPattern(pattern)
    return [...new Set(tags.flatMap((tag) => {
      const place = matcher.match(tag)?.get('role')
      return place ? [tag.slice(place.from, place.to)] : []
    }))] // prettier-ignore
  } catch {
    return undefined
  }
}

/** All tags, where every source names each of its own. */
function tagsOf(connectors: Raw): string[] | undefined {
  const tags: string[] = []
  for (const connector of Object.values(connectors)) {
    if (!isObject(connector)) return undefined
    const isSource = connector.type !== 'influxdb' && !(connector.type === 'mqtt' && connector.topics === undefined)
    if (!isSource) continue
    if (connector.type !== 'opcua' || !Array.isArray(connector.tags)) return undefined
    for (const { tag, browse } of connector.tags as readonly { tag?: unknown; browse?: unknown }[]) {
      if (typeof tag !== 'string' || browse !== undefined || tag.includes('{')) return undefined
      tags.push(tag)
    }
  }
  return tags.length > 0 ? tags : undefined
}

function help(known: readonly string[]): string {
  const shown = known.slice(0, 20).join(', ')
  return known.length > 0 ? `known: ${shown}${known.length > 20 ? ' ...' : ''}` : 'there is none'
}

function under(value: unknown, key: string): Raw {
  const found = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return isObject(found) ? found : {}
}

function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
