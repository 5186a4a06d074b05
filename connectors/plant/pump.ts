import { healthy, type Severities } from './faults.ts'
import { Drift, type Random } from './random.ts'
import { Warmth, warmUp, type Machine, type MachineKind } from './machine.ts'
import { velocityRms, type Vibration } from './waveform.ts'

/** A 7.5 kW centrifugal pump on a frequency converter: speed follows demand, flow and pressure follow the pump curve. */
export const pump: MachineKind = {
  name: 'pump',
  signals: {
    speed: { unit: 'rpm', label: 'Shaft speed', low: 0, high: 1_800, rate: 5, noise: 2 },
    flow: { unit: 'm³/h', label: 'Flow', low: 0, high: 100, rate: 5, noise: 0.35 },
    pressure: { unit: 'bar', label: 'Discharge pressure', low: 0, high: 6, rate: 5, noise: 0.015 },
    current: { unit: 'A', label: 'Motor current', low: 0, high: 30, rate: 5, noise: 0.08 },
    temperature: { unit: '°C', label: 'Bearing temperature', low: -20, high: 150, rate: 2, noise: 0.12 },
    vibration: { unit: 'mm/s', label: 'Vibration velocity, RMS', low: 0, high: 30, rate: 10, noise: 0.045 },
  },
  faults: ['bearing-wear', 'cavitation', 'misalignment', 'stuck-sensor'],
  sticks: 'flow',
  create: (random, step) => new Pump(random, step),
}

// Pump curve H = shutOff s² - internal Q², system curve H = lift + resistance Q² (H in m, Q in m³/h, s = speed / nominal).
const curve = { shutOff: 42, internal: 0.004, lift: 5, resistance: 0.0062, bestFlow: 58, vanes: 5 } as const
const motor = { nominalSpeed: 1_480, power: 7.5, loadCurrent: 12.9, idleCurrent: 6.2 } as const
const ambient = 24

class Pump implements Machine {
  readonly vibration: Vibration = {
    shaft: 24,
    once: 0,
    twice: 0,
    passing: 0,
    perTurn: curve.vanes,
    broadband: 0,
    impacts: 0,
  }
  readonly #step: number
  readonly #truth: Record<string, number> = {}
  readonly #demandNoise: Drift
  readonly #valveNoise: Drift
  readonly #flutter: Drift
  readonly #restless: Drift
  readonly #warmth: Warmth
  /** No two pumps are alike: factors around 1. */
  readonly #own: { wear: number; balance: number; cooling: number; resistance: number }
  readonly #cycle: { demand: number; ripple: number; valve: number; phases: readonly number[] }
  #time = 0

  constructor(random: Random, step: number) {
    const near = (center: number, spread: number) => center * (1 + spread * (2 * random.uniform() - 1))
    this.#step = step
    this.#own = { wear: near(1, 0.03), balance: near(1, 0.2), cooling: near(1, 0.08), resistance: near(1, 0.06) }
    const phases = [random.uniform(), random.uniform(), random.uniform()]
    this.#cycle = { demand: near(24, 0.15), ripple: near(9, 0.15), valve: near(17, 0.15), phases }
    this.#demandNoise = new Drift(random, 4, step)
    this.#valveNoise = new Drift(random, 6, step)
    this.#flutter = new Drift(random, 0.25, step)
    this.#restless = new Drift(random, 1.5, step)
    this.#warmth = new Warmth(45, 50, step)
    for (let time = 0; time < warmUp; time += step) this.step(healthy)
  }

  step(severities: Severities): Readonly<Record<string, number>> {
    this.#time += this.#step
    const [first, second, third] = this.#cycle.phases
    const wave = (period: number, phase: number) => Math.sin(2 * Math.PI * (this.#time / period + phase))
    const demand =
      0.72 +
      0.16 * wave(this.#cycle.demand, first) +
      0.05 * wave(this.#cycle.ripple, second) +
      0.012 * this.#demandNoise.next()
    const valve = this.#own.resistance * (1 + 0.1 * wave(this.#cycle.valve, third) + 0.015 * this.#valveNoise.next())
    const s = 0.66 + 0.36 * demand
    const cavity = severities.cavitation * Math.max(0, 1 + 0.5 * this.#flutter.next() + 0.3 * this.#restless.next())
    const { flow, head } = workingPoint(s, valve, 1 - 0.2 * cavity)
    const bestFlow = curve.bestFlow * s
    const efficiency = 0.7 * this.#own.wear * (1 - 0.6 * ((flow - bestFlow) / bestFlow) ** 2) * (1 - 0.12 * cavity)
    const hydraulic = (1_000 * 9.81 * (flow / 3_600) * head) / 1_000
    const friction = 0.25 * severities['bearing-wear'] + 0.5 * severities.misalignment
    const power = hydraulic / efficiency + friction
    this.#shake(s, flow / bestFlow, severities, cavity)
    const heat =
      (30 * (power / motor.power) ** 2 + 6 * s) * this.#own.cooling +
      26 * severities['bearing-wear'] +
      9 * severities.misalignment
    this.#truth.speed = s * motor.nominalSpeed
    this.#truth.flow = flow
    this.#truth.pressure = (head * 9.81) / 100
    this.#truth.current = Math.hypot((motor.loadCurrent * power) / motor.power, motor.idleCurrent)
    this.#truth.temperature = this.#warmth.towards(ambient + heat)
    this.#truth.vibration = velocityRms(this.vibration)
    return this.#truth
  }

  #shake(s: number, share: number, severities: Severities, cavity: number): void {
    const vibration = this.vibration
    vibration.shaft = (s * motor.nominalSpeed) / 60
    vibration.once = this.#own.balance * 1.7 * s ** 2 + 0.9 * severities.misalignment
    vibration.twice = 0.35 * s + 3.4 * severities.misalignment
    vibration.passing = 0.5 * s ** 2 * (1 + 3 * (share - 1) ** 2)
    vibration.broadband = 0.35 * s + 2.4 * cavity
    vibration.impacts = 0.05 + 3.1 * severities['bearing-wear'] * s
  }
}

/** Where pump curve and system curve meet; `strength` below 1 is what vapour takes from the head. */
function workingPoint(s: number, valve: number, strength: number): { flow: number; head: number } {
  const drive = Math.max(0, curve.shutOff * s ** 2 * strength - curve.lift)
  const squared = drive / (curve.internal + curve.resistance * valve)
  return { flow: Math.sqrt(squared), head: curve.lift + curve.resistance * valve * squared }
}
