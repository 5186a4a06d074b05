import { Quality } from '../../agent/core/index.ts'
import { healthy, severity, type FaultName } from './faults.ts'
import { Glitches } from './glitches.ts'
import type { Machine, MachineKind, Signal } from './machine.ts'
import { seededRandom, type Random } from './random.ts'
import { recordWaveform, waveform } from './waveform.ts'

/** The signals' clock: steps per second of simulated time at speed 1. */
export const stepsPerSecond = 10

/** What an instrument of the simulated plant says. */
export interface Measurement {
  /** `vibration`, `flow` ... or `waveform`. */
  readonly role: string
  readonly value: number | Float64Array
  readonly quality: Quality
  /** The line to the instrument is down: over MQTT nothing comes, OPC UA says "no communication". */
  readonly lost: boolean
}

export interface ActiveFault {
  readonly asset: string
  readonly fault: FaultName
  /** 0 to 1. */
  readonly severity: number
}

/**
 * The signals of one machine as its instruments give them, as a function of seed and step alone: calling it late, early or
 * in bursts changes nothing. Physics come from the machine, noise, drop-outs and the stuck sensor are added here.
 * Faults use no random numbers of their own, so that a fault changes no signal it does not touch.
 */
export class AssetSignals {
  readonly name: string
  readonly kind: MachineKind
  readonly #machine: Machine
  readonly #instruments: Random
  readonly #recorder: Random
  readonly #glitches: Glitches
  readonly #offset: number
  readonly #step: number
  readonly #began = new Map<FaultName, number>()
  #held: number | undefined
  #count = 0

  /** `speed`: seconds of simulated time that pass in a second of the clock. */
  constructor(name: string, kind: MachineKind, seed: number, speed = 1) {
    this.name = name
    this.kind = kind
    this.#step = speed / stepsPerSecond
    this.#machine = kind.create(seededRandom(`${seed}/${name}/machine`), this.#step)
    this.#instruments = seededRandom(`${seed}/${name}/instruments`)
    this.#recorder = seededRandom(`${seed}/${name}/waveform`)
    this.#glitches = new Glitches(seededRandom(`${seed}/${name}/glitches`), Object.keys(kind.signals))
    this.#offset = Math.floor(this.#recorder.uniform() * waveform.every * stepsPerSecond)
  }

  /** Begins a fault now; one that is there already goes on. False where this kind of machine cannot have it. */
  inject(fault: FaultName): boolean {
    if (!this.kind.faults.includes(fault)) return false
    if (!this.#began.has(fault)) this.#began.set(fault, this.#count)
    return true
  }

  /** Ends every fault. Heat goes the way it came: slowly. */
  repair(): void {
    this.#began.clear()
    this.#held = undefined
  }

  faults(): ActiveFault[] {
    return [...this.#began.keys()].map((fault) => ({ asset: this.name, fault, severity: this.#severity(fault) }))
  }

  /** Goes on by one step; returns what the instruments deliver at it. */
  step(): Measurement[] {
    this.#count++
    const severities = { ...healthy }
    for (const fault of this.#began.keys()) severities[fault] = this.#severity(fault)
    const truth = this.#machine.step(severities)
    this.#glitches.step()
    const measurements: Measurement[] = []
    for (const [role, signal] of Object.entries(this.kind.signals)) {
      if (this.#count % (stepsPerSecond / signal.rate) !== 0) continue
      const value = this.#measure(role, signal, truth[role])
      measurements.push({ role, value, ...this.#glitches.of(role) })
    }
    if (this.#count % (waveform.every * stepsPerSecond) === this.#offset) measurements.push(this.#record())
    return measurements
  }

  #severity(fault: FaultName): number {
    return severity(fault, (this.#count - this.#began.get(fault)!) * this.#step)
  }

  #measure(role: string, signal: Signal, truth: number): number {
    const noise = signal.noise * this.#instruments.normal()
    let value = truth + noise
    if (role === this.kind.sticks && this.#began.has('stuck-sensor')) {
      // The converter behind a dead sensor still flickers in its last bits.
      value = (this.#held ??= value) + noise / 20
    }
    return Math.min(signal.high, Math.max(signal.low, value))
  }

  #record(): Measurement {
    const value = recordWaveform(this.#machine.vibration, this.#recorder)
    return { role: 'waveform', value, quality: Quality.good, lost: false }
  }
}
