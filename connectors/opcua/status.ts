import type { Status } from '../../agent/core/index.ts'
import { deadbandOf } from './deadband.ts'
import type { Inventory, Item } from './items.ts'
import type { Reports } from './reports.ts'

/** How a connected server does: what it refuses, what names do not lead to, and what it gives less of (`cuts`). */
export function statusOf(
  endpoint: string,
  { items, rules }: Inventory,
  reports: Reports,
  cuts: readonly string[],
): Status {
  const connected = [`connected to ${endpoint}`, ...cuts, ...filterNotes(items)]
  const refused = items.filter((item) => item.refusal !== undefined)
  const troubled = rules.filter(({ trouble }) => trouble !== undefined)
  const troubles = [
    ...refused.map(({ address, settings, found, refusal }) => [found ? settings.tag : address, refusal!] as const),
    ...troubled.map(({ browse, trouble }) => [`browse ${browse.match}`, trouble!] as const),
    ...[...reports.refusals].map(([node, refusal]) => [`events of ${node}`, refusal] as const),
  ]
  if (troubles.length === 0) return { state: 'up', message: connected.join('; ') }
  const total = items.filter(({ nodeId, refusal }) => nodeId !== undefined || refusal !== undefined).length
  return {
    state: 'degraded',
    message: [
      ...connected,
      ...(refused.length > 0 ? [`it refuses ${refused.length} of ${total} nodes`] : []),
      ...(troubled.length > 0 ? [`${troubled.length} patterns do not find what they should`] : []),
      ...(reports.refusals.size > 0 ? [`it does not tell events of ${reports.refusals.size} nodes`] : []),
    ].join('; '),
    remedy: 'Check these ids, paths and patterns; they are asked for again now and then.',
    items: Object.fromEntries(troubles),
  }
}

/** Filters that the server does not apply. */
function filterNotes(items: readonly Item[]): string[] {
  const unfiltered = items.filter((item) => item.unfiltered !== undefined)
  const here = unfiltered.filter(({ settings }) => !Number.isNaN(deadbandOf(settings))).length
  const nowhere = unfiltered.length - here
  const notes: string[] = []
  if (here > 0) notes.push(`it refuses the filter of ${here} nodes: the agent filters their values itself`)
  if (nowhere > 0) notes.push(`it refuses the filter of ${nowhere} nodes: all their changes are taken`)
  return notes
}
