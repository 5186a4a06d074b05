import type { z } from 'zod'

/** References of stations to connectors and monitors that lead nowhere; found even where the schema finds other problems. */
export function stationReferences(raw: unknown): z.core.$ZodIssue[] {
  const servers = Object.entries(under(raw, 'connectors')).flatMap(([name, connector]) => (under({ connector }, 'connector').type === 'opcua' ? [name] : [])) // prettier-ignore
  const monitors = Object.keys(under(raw, 'monitors'))
  return Object.entries(under(raw, 'inspections')).flatMap(([station, settings]) => {
    const path = ['inspections', station]
    const windows = Object.entries(under(settings, 'windows'))
    return [
      ...dangling(under(settings, 'reject').connector, servers, 'opcua connector', [...path, 'reject', 'connector']),
      ...dangling(under(settings, 'source').connector, servers, 'opcua connector', [...path, 'source', 'connector']),
      ...windows.flatMap(([name, window]) =>
        dangling(under({ window }, 'window').monitor, monitors, 'monitor', [...path, 'windows', name, 'monitor']),
      ),
    ]
  })
}

function dangling(name: unknown, known: readonly string[], what: string, path: string[]): z.core.$ZodIssue[] {
  if (typeof name !== 'string' || known.includes(name)) return []
  const help = known.length > 0 ? `known: ${known.join(', ')}` : 'there is none'
  return [{ code: 'custom', path, message: `no such ${what} "${name}"; ${help}`, input: name }]
}

function under(value: unknown, key: string): Record<string, unknown> {
  const found = isObject(value) ? value[key] : undefined
  return isObject(found) ? found : {}
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
