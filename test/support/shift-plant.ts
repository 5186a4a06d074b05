import { BatchBuilder, Quality, type Arrival, type TagTable, type TagType } from '../../agent/core/index.ts'
import { seededRandom } from '../../models/random.ts'

/** A Monday at midnight, ms since epoch. */
export const monday = Date.UTC(2026, 0, 5)
export const day = 86_400_000
const minute = 60_000

/** What is wrong with a machine from one day to another: all its other signals go on. */
export interface PlantFault {
  readonly machine: string
  readonly kind: 'bearing' | 'leak' | 'stuck'
  /** Days since the beginning. */
  readonly from: number
  readonly to: number
}

export interface ShiftPlant {
  readonly days: number
  readonly seed: number
  readonly faults?: readonly PlantFault[]
  /** Signals that are gone from a day on, `press1/current`. */
  readonly gone?: Readonly<Record<string, number>>
}

const products = [
  { code: 11, speed: 900, load: 0.7 },
  { code: 12, speed: 1200, load: 0.85 },
  { code: 17, speed: 1500, load: 1 },
]
const stop = 0
const setUp = 1
const run = 2

/**
 * Three machines as plants have them, a value a minute: two shifts on six days, product changes with a set-up, short stops.
 * Each has measurements (temperature, vibration, current, pressure), counters (parts, energy, hours), set points (speed_sp,
 * pressure_sp), states (mode, product, guard), a constant, a sequence number and words. Made up, and the same for a seed.
 */
export function* shiftPlant({ days, seed, faults = [], gone = {} }: ShiftPlant, tags: TagTable): Generator<Arrival> {
  const random = seededRandom(seed)
  const machines = ['press1', 'press2', 'press3'].map((name, index) => new Machine(name, index, random))
  const builder = new BatchBuilder('plc')
  for (let time = monday; time < monday + days * day; time += minute) {
    const at = (time - monday) / day
    for (const machine of machines) {
      const fault = faults.find((one) => one.machine === machine.name && at >= one.from && at < one.to)
      machine.step(at, fault, (signal, value, type = 'number') => {
        const name = `${machine.name}/${signal}`
        if (at >= (gone[name] ?? Infinity)) return
        const tag = tags.resolve({ name, type: typeof value === 'string' ? 'text' : type, source: 'plc' })
        if (typeof value === 'string') builder.addText(tag.index, time, value, Quality.good)
        else builder.add(tag.index, time, value, Quality.good)
      })
    }
    if (((time - monday) / minute) % 10 === 9) yield { batch: builder.take(time) }
  }
}

type Emit = (signal: string, value: number | string, type?: TagType) => void

class Machine {
  readonly name: string
  readonly #random: ReturnType<typeof seededRandom>
  readonly #nature: number
  #mode = stop
  /** Minutes until the mode changes by itself. */
  #left = 0
  #product = products[0]
  #nextChange: number
  #heat = 20
  #rub = 0
  #sway = 0
  #parts = 0
  #energy: number
  #hours: number
  #sequence = 0
  #stuck = NaN

  constructor(name: string, index: number, random: ReturnType<typeof seededRandom>) {
    this.name = name
    this.#random = random
    this.#nature = 1 + 0.08 * (index - 1)
    this.#nextChange = 0.3 + random.uniform()
    this.#energy = 1000 * (index + 1)
    this.#hours = 5000 + 800 * index
  }

  step(at: number, fault: PlantFault | undefined, emit: Emit): void {
    const random = this.#random
    this.#decide(at)
    const runs = this.#mode === run
    const { speed: target, load, code } = this.#product
    const noise = (scale: number) => scale * random.normal()
    this.#sway = 0.9 * this.#sway + noise(0.02)
    const speed = runs ? target * (1 + 0.002 * random.normal()) : 0
    const effort = runs ? load * (1 + this.#sway) : this.#mode === setUp ? 0.15 : 0.05
    const ambient = 21 + 3 * Math.sin(2 * Math.PI * (at - 0.4))
    const bearing = fault?.kind === 'bearing' ? (at - fault.from) / (fault.to - fault.from) : 0
    const leak = fault?.kind === 'leak' ? 1 : 0
    this.#heat += (ambient + 45 * effort * this.#nature * (1 + 0.25 * bearing) - this.#heat) / 40 + noise(0.03)
    this.#rub = 0.7 * this.#rub + noise(0.05)
    const temperature = this.#heat + noise(0.1)
    if (fault?.kind !== 'stuck') this.#stuck = NaN
    else if (Number.isNaN(this.#stuck)) this.#stuck = temperature
    emit('temperature', Number.isNaN(this.#stuck) ? temperature : this.#stuck)
    emit('vibration', (runs ? 1.2 + (speed / 1500) ** 2 * (1 + 1.5 * bearing) + this.#rub : 0.1) + Math.abs(noise(0.05)))
    emit('current', 4 + 60 * effort * this.#nature + noise(0.4) + 6 * leak * Number(runs))
    emit('pressure', (this.#mode === stop ? 5 : 158 - 9 * leak) + noise(0.8))
    this.#parts += runs && random.uniform() < target / 1600 ? 1 : 0
    if (runs && at % 1 < 1e-9) this.#parts = 0
    this.#energy += effort * 0.4
    this.#hours += runs ? 1 / 60 : 0
    emit('parts', this.#parts, 'integer')
    emit('energy', Number(this.#energy.toFixed(2)))
    emit('hours', Number(this.#hours.toFixed(2)))
    emit('speed_sp', this.#mode === stop ? 0 : target)
    emit('pressure_sp', 158)
    emit('mode', this.#mode, 'integer')
    emit('product', code, 'integer')
    emit('guard', this.#mode === setUp ? 0 : 1, 'boolean')
    emit('sequence', this.#sequence++, 'integer')
    emit('comment', this.#mode === setUp ? 'set up' : 'ok')
  } // prettier-ignore

  #decide(at: number): void {
    const random = this.#random
    const weekday = Math.floor(at) % 7
    const hour = (at % 1) * 24
    const works = weekday < 6 && hour >= 6 && hour < 22
    if (!works) {
      this.#mode = stop
      this.#left = 0
      return
    }
    if (this.#left > 0) {
      this.#left--
      return
    }
    if (at >= this.#nextChange) {
      this.#nextChange = at + 0.3 + 0.9 * random.uniform()
      this.#product = products[Math.floor(random.uniform() * products.length)]
      this.#mode = setUp
      this.#left = 15 + Math.floor(20 * random.uniform())
    } else if (random.uniform() < 0.006) {
      this.#mode = stop
      this.#left = 2 + Math.floor(10 * random.uniform())
    } else this.#mode = run
  }
}
