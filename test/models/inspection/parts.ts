import { soundClass } from '../../../agent/core/index.ts'
import type { MeasuredPart } from '../../../models/inspection/measured-inspector.ts'
import { seededRandom } from '../../../models/random.ts'

/**
 * Screwed parts: torque follows the depth, heat is apart from both. A `stripped` thread has too little torque for its
 * depth, though each value by itself is ordinary; a `hot` one is too hot.
 */
export function screwedParts(count: number, seed: number, defect?: 'stripped' | 'hot'): MeasuredPart[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, i) => {
    const depth = 10 + random.normal()
    const torque = 3 + 0.5 * (depth - 10) + 0.05 * random.normal() - (defect === 'stripped' ? 0.5 : 0)
    const heat = 80 + random.normal() + (defect === 'hot' ? 8 : 0)
    return { time: seed * 1e6 + i * 1000, values: { torque, depth, heat }, class: defect ?? soundClass }
  })
}

/** The parts without what is known of them. */
export function unlabelled(parts: readonly MeasuredPart[]): MeasuredPart[] {
  return parts.map(({ time, values }) => ({ time, values }))
}
