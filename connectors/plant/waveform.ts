import type { Random } from './random.ts'

/** Amplitudes of the parts of a machine's vibration, velocity in mm/s peak; frequencies in Hz. */
export interface Vibration {
  /** Shaft frequency. */
  shaft: number
  /** At the shaft frequency: unbalance. */
  once: number
  /** At twice the shaft frequency: misalignment. */
  twice: number
  /** At the blade-pass frequency of a pump, or the gear mesh of a drive. */
  passing: number
  /** How often `passing` happens per turn of the shaft. */
  perTurn: number
  /** Broadband, as root mean square: flow noise, cavitation. */
  broadband: number
  /** Repeated impacts of a worn outer race, as root mean square. */
  impacts: number
}

/** Geometry of a 6205 deep-groove ball bearing: impacts per turn of the shaft on outer race, inner race, ball and cage. */
export const bearing = { outerRace: 3.585, innerRace: 5.415, ball: 2.357, cage: 0.398 } as const

/** Structure that rings when a rolling element hits a defect: natural frequency in Hz, damping in 1/s. */
const resonance = { frequency: 3_000, damping: 900 } as const

/** Overall velocity in mm/s RMS, as an ISO 20816 instrument shows it. */
export function velocityRms(vibration: Vibration): number {
  const { once, twice, passing, broadband, impacts } = vibration
  return Math.sqrt((once ** 2 + twice ** 2 + passing ** 2) / 2 + broadband ** 2 + impacts ** 2)
}

export const waveform = {
  /** Samples in one recording. */
  length: 2_048,
  /** Hz. */
  rate: 10_240,
  /** Seconds between recordings. */
  every: 2,
} as const

/**
 * One recording of the acceleration in m/s²: harmonics of the shaft, broadband noise, and for a worn bearing a train of
 * decaying bursts at the outer-race frequency, with 1 % of slip. Model after McFadden and Smith, "Model for the vibration
 * produced by a single point defect in a rolling element bearing", 1984.
 */
export function recordWaveform(vibration: Vibration, random: Random): Float64Array {
  const { shaft, once, twice, passing, perTurn, broadband, impacts } = vibration
  const values = new Float64Array(waveform.length)
  const phase = random.uniform()
  const tone = (velocity: number, multiple: number) => {
    const omega = 2 * Math.PI * shaft * multiple
    // A velocity of v mm/s at omega is an acceleration of v * omega / 1000 m/s².
    const amplitude = (velocity * omega) / 1_000
    for (let i = 0; i < values.length; i++)
      values[i] += amplitude * Math.cos(omega * (i / waveform.rate) + 2 * Math.PI * phase * multiple)
  }
  tone(once, 1)
  tone(twice, 2)
  tone(passing, perTurn)
  const noise = 0.15 + broadband * 0.6
  for (let i = 0; i < values.length; i++) values[i] += noise * random.normal()
  addImpacts(values, impacts * 12, shaft * bearing.outerRace, random)
  return values
}

function addImpacts(values: Float64Array, amplitude: number, frequency: number, random: Random): void {
  const omega = 2 * Math.PI * resonance.frequency
  const period = waveform.rate / frequency
  let start = -random.uniform() * period
  while (start < values.length) {
    for (let i = Math.max(0, Math.ceil(start)); i < values.length; i++) {
      const age = (i - start) / waveform.rate
      if (age * resonance.damping > 7) break
      values[i] += amplitude * Math.exp(-age * resonance.damping) * Math.sin(omega * age)
    }
    start += period * (1 + 0.01 * random.normal())
  }
}
