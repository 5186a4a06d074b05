import { roleOf } from '../feature-tags.ts'
import type { Random } from '../random.ts'

/** What a fault does to one tag of a window. */
export const faultKinds = ['offset', 'drift', 'noise', 'stuck', 'strayed'] as const
export type FaultKind = (typeof faultKinds)[number]

/** Features that a shift of the signal shifts, and those that a wider signal widens. */
const placed = ['mean', 'min', 'max']
const spread = ['std', 'peak_to_peak']

/**
 * A window's features as they would be if one tag had a fault: shifted by `size` times the usual scale of its mean, drifting
 * over as much within the window, noisier by as much, frozen, or with the values of `other`, a sound window: each is what
 * the tag may show, but not together with the rest.
 */
export function withFault(
  row: Float64Array,
  names: readonly string[],
  scale: Float64Array,
  fault: { readonly kind: FaultKind; readonly tag: string; readonly size: number; readonly other: Float64Array },
): Float64Array {
  const changed = row.slice()
  const columns = Array.from(names.keys()).filter((column) => roleOf(names[column]) === fault.tag)
  const feature = (column: number) => names[column].slice(fault.tag.length + 1)
  const mean = columns.find((column) => feature(column) === 'mean') ?? columns[0]
  const distance = fault.size * scale[mean]
  for (const column of columns) {
    const name = feature(column)
    if (fault.kind === 'strayed') changed[column] = fault.other[column]
    else if (fault.kind === 'stuck') changed[column] = spread.includes(name) || name === 'slope' ? 0 : row[column]
    else if (fault.kind !== 'noise' && (placed.includes(name) || column === mean)) changed[column] += distance
    if (fault.kind === 'noise' && name === 'std') changed[column] = Math.hypot(row[column], distance)
    if (fault.kind === 'drift' && name === 'std') changed[column] = Math.hypot(row[column], distance / Math.sqrt(12))
    if (fault.kind === 'noise' && name === 'peak_to_peak') changed[column] += 2 * Math.abs(distance)
  }
  return changed
}

/** A kind, a tag and a size by chance; shifts go either way. */
export function drawFault(random: Random, tags: readonly string[]) {
  const sizes = [1, 2, 4]
  const size = sizes[random.integer(sizes.length)] * (random.uniform() < 0.5 ? -1 : 1)
  return { kind: faultKinds[random.integer(faultKinds.length)], tag: tags[random.integer(tags.length)], size }
}
