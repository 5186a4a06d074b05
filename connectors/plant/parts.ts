import { seededRandom, type Random } from './random.ts'

/** What can be wrong with the look of a part. */
export const defects = ['scratch', 'dent', 'stain', 'missing-hole'] as const
export type Defect = (typeof defects)[number]

/** One cover as it comes down the belt: what a perfect inspection would find. */
export interface Part {
  /** `P-000042`. */
  readonly id: string
  readonly defect: Defect | undefined
  /** Torque its screws were tightened with, Nm; `torqueLimits` are the drawing's. */
  readonly torque: number
  /** °C, at the washer's exit. */
  readonly temperature: number
}

/** Shares of parts that are not as they should be. */
export interface PartRates {
  /** Those that look wrong. */
  readonly defects: number
  /** Those whose torque is wrong. */
  readonly torque: number
}

export const partRates: PartRates = { defects: 0.12, torque: 0.02 }
/** Nm. */
export const torqueLimits = { min: 7.4, max: 9 } as const

/** Random numbers that belong to one part: nothing drawn for another changes them. */
export function randomOf(seed: number, number: number): Random {
  return seededRandom(`${seed}/part/${number}`)
}

/** The part of that number; the same seed and number give the same part. */
export function makePart(seed: number, number: number, rates: PartRates = partRates): Part {
  const random = randomOf(seed, number)
  const wrong = random.uniform() < rates.defects
  const defect = defects[Math.floor(random.uniform() * defects.length)]
  const loose = random.uniform() < rates.torque
  return {
    id: `P-${String(number).padStart(6, '0')}`,
    defect: wrong ? defect : undefined,
    torque: round((loose ? 6.3 : 8.2) + 0.15 * random.normal(), 3),
    temperature: round(41 + 1.2 * random.normal(), 2),
  }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
