import type { FaultName, Severities } from './faults.ts'
import type { Random } from './random.ts'
import type { Vibration } from './waveform.ts'

/** One signal of a machine. */
export interface Signal {
  readonly unit: string
  readonly label: string
  /** Range of the instrument, in `unit`. */
  readonly low: number
  readonly high: number
  /** Samples a second: 10, 5 or 2. */
  readonly rate: 10 | 5 | 2
  /** Standard deviation of the instrument's noise, in `unit`. */
  readonly noise: number
}

/** What a kind of machine is made of. */
export interface MachineKind {
  readonly name: string
  readonly signals: Readonly<Record<string, Signal>>
  readonly faults: readonly FaultName[]
  /** The signal that a stuck sensor holds. */
  readonly sticks: string
  /** A machine that has run for hours: warm, in the middle of its load cycle. `step` is in seconds of simulated time. */
  create(random: Random, step: number): Machine
}

/** The physics of one machine, without instruments: no measurement noise, no drop-outs. */
export interface Machine {
  /** Goes on by one step; returns the true value of each signal. The object is reused. */
  step(severities: Severities): Readonly<Record<string, number>>
  /** What the machine's vibration consists of now. */
  readonly vibration: Vibration
}

/** Seconds of simulated time that a machine runs before its first sample, so that it starts warm. */
export const warmUp = 400

/** A first-order thermal lag, started at its own equilibrium by the warm-up. Temperatures in °C, times in s. */
export class Warmth {
  readonly #share: number
  value: number

  constructor(initial: number, timeConstant: number, step: number) {
    this.value = initial
    this.#share = 1 - Math.exp(-step / timeConstant)
  }

  towards(equilibrium: number): number {
    return (this.value += (equilibrium - this.value) * this.#share)
  }
}
