import { healthy, type Severities } from './faults.ts'
import { Warmth, warmUp, type Machine, type MachineKind } from './machine.ts'
import { Drift, type Random } from './random.ts'
import { velocityRms, type Vibration } from './waveform.ts'

/** A belt conveyor with a 4 kW geared motor: constant speed, load in waves, drag from belt and load. */
export const conveyor: MachineKind = {
  name: 'conveyor',
  signals: {
    speed: { unit: 'm/s', label: 'Belt speed', low: 0, high: 3, rate: 5, noise: 0.004 },
    throughput: { unit: 'kg/s', label: 'Material moved', low: 0, high: 80, rate: 5, noise: 0.25 },
    current: { unit: 'A', label: 'Motor current', low: 0, high: 16, rate: 5, noise: 0.05 },
    temperature: { unit: '°C', label: 'Gearbox temperature', low: -20, high: 150, rate: 2, noise: 0.12 },
    vibration: { unit: 'mm/s', label: 'Vibration velocity, RMS', low: 0, high: 30, rate: 10, noise: 0.04 },
  },
  faults: ['bearing-wear', 'misalignment', 'stuck-sensor'],
  sticks: 'throughput',
  create: (random, step) => new Conveyor(random, step),
}

const belt = { speed: 1.4, length: 24, drag: 950, friction: 0.55, slip: 0.02 } as const
const drive = { efficiency: 0.82, power: 4, loadCurrent: 7.6, idleCurrent: 3.1, shaft: 24.2, gearTeeth: 19 } as const
const ambient = 24

class Conveyor implements Machine {
  readonly vibration: Vibration = {
    shaft: drive.shaft,
    once: 0,
    twice: 0,
    passing: 0,
    perTurn: drive.gearTeeth,
    broadband: 0,
    impacts: 0,
  }
  readonly #step: number
  readonly #truth: Record<string, number> = {}
  readonly #feedNoise: Drift
  readonly #sway: Drift
  readonly #warmth: Warmth
  readonly #cycle: { feed: number; ripple: number; phases: readonly number[] }
  #time = 0

  constructor(random: Random, step: number) {
    const near = (center: number, spread: number) => center * (1 + spread * (2 * random.uniform() - 1))
    this.#step = step
    this.#cycle = { feed: near(21, 0.15), ripple: near(8, 0.15), phases: [random.uniform(), random.uniform()] }
    this.#feedNoise = new Drift(random, 4, step)
    this.#sway = new Drift(random, 0.8, step)
    this.#warmth = new Warmth(42, 50, step)
    for (let time = 0; time < warmUp; time += step) this.step(healthy)
  }

  step(severities: Severities): Readonly<Record<string, number>> {
    this.#time += this.#step
    const [first, second] = this.#cycle.phases
    const wave = (period: number, phase: number) => Math.sin(2 * Math.PI * (this.#time / period + phase))
    // kg on each metre of belt
    const load =
      21 + 7 * wave(this.#cycle.feed, first) + 2.5 * wave(this.#cycle.ripple, second) + 0.6 * this.#feedNoise.next()
    const sway = this.#sway.next()
    const slip = belt.slip * (load / 30) + severities.misalignment * (0.04 + 0.02 * sway)
    const speed = belt.speed * (1 - slip)
    const force = belt.drag + belt.friction * load * belt.length + 420 * severities.misalignment
    const power = (force * speed) / 1_000 / drive.efficiency + 0.12 * severities['bearing-wear']
    this.#shake(load, severities, sway)
    const heat =
      24 * (power / drive.power) ** 2 +
      10 * (power / drive.power) +
      24 * severities['bearing-wear'] +
      7 * severities.misalignment
    this.#truth.speed = speed
    this.#truth.throughput = load * speed
    this.#truth.current = Math.hypot((drive.loadCurrent * power) / drive.power, drive.idleCurrent)
    this.#truth.temperature = this.#warmth.towards(ambient + heat)
    this.#truth.vibration = velocityRms(this.vibration)
    return this.#truth
  }

  #shake(load: number, severities: Severities, sway: number): void {
    const vibration = this.vibration
    vibration.once = 0.8 + 0.01 * load
    vibration.twice = 0.2 + 2.6 * severities.misalignment * (1 + 0.2 * sway)
    vibration.passing = 0.5 + 0.016 * load
    vibration.broadband = 0.3 + 0.006 * load
    vibration.impacts = 0.05 + 2.6 * severities['bearing-wear']
  }
}
