import { BatchBuilder, Quality, type Arrival, type LabelEvent, type TagTable } from '../../agent/core/index.ts'
import { seededRandom } from '../../models/random.ts'

/** Event time at which the scenarios begin, ms since epoch. */
export const begin = Date.UTC(2026, 0, 5)
export const hour = 3_600_000

const period = 5_000
const arrivalEvery = 20_000

/** A plant of some hours, sample by sample: `emit` for each tag of this moment, labels as they come. */
interface Moment {
  /** Hours since the beginning. */
  readonly at: number
  readonly time: number
  emit(tag: string, value: number): void
  label(event: LabelEvent): void
}

function* play(hours: number, tags: TagTable, step: (moment: Moment) => void): Generator<Arrival> {
  const builder = new BatchBuilder('plc')
  let waiting: LabelEvent[] = []
  for (let passed = 0; passed <= hours * hour; passed += period) {
    const time = begin + passed
    step({
      at: passed / hour,
      time,
      emit: (tag, value) =>
        builder.add(tags.resolve({ name: tag, type: 'number', source: 'plc' }).index, time, value, Quality.good),
      label: (event) => waiting.push(event),
    })
    if (passed % arrivalEvery > 0) continue
    // A laboratory answers two minutes after the sample was taken.
    const events = waiting.filter((event) => event.time <= time - laboratory)
    waiting = waiting.filter((event) => event.time > time - laboratory)
    yield { batch: builder.take(time), events }
  }
}

const laboratory = 120_000

/** What happens to a reactor whose quality a laboratory measures. Hours. */
export interface Reactor {
  readonly hours: number
  /** The flow meter begins to read more, by so much an hour. */
  readonly driftFrom: number
  readonly driftPerHour: number
  /** Another raw material: the quality is 3 lower from here on. */
  readonly changeAt: number
  readonly seed: number
}

/** The true quality by ms since epoch, filled while the samples are played. */
export type Truth = Map<number, number>

/** Samples of flow and temperature every five seconds, a measured quality every two minutes. */
export function reactor(scenario: Reactor, tags: TagTable, truth: Truth): Generator<Arrival> {
  const random = seededRandom(scenario.seed)
  let [flow, temperature] = [0, 0]
  return play(scenario.hours, tags, ({ at, time, emit, label }) => {
    flow = 0.98 * flow + 0.2 * random.normal()
    temperature = 0.98 * temperature + 0.2 * random.normal()
    const drift = scenario.driftPerHour * Math.max(0, at - scenario.driftFrom)
    emit('reactor1/flow', 10 + flow + drift + 0.02 * random.normal())
    emit('reactor1/temperature', 80 + 3 * temperature + 0.05 * random.normal())
    const quality = 50 + 2 * flow + temperature + (at >= scenario.changeAt ? -3 : 0)
    truth.set(time, quality)
    if ((time - begin) % laboratory > 0) return
    label({
      type: 'label',
      label: 'value',
      time,
      asset: 'reactor1',
      value: quality + 0.1 * random.normal(),
      by: 'laboratory',
    })
  })
}

/** What happens to some pumps. Hours. */
export interface Pumps {
  readonly hours: number
  /** The first pump's temperature sensor begins to read more, by so many degrees an hour. */
  readonly driftFrom: number
  readonly driftPerHour: number
  /** All pumps run faster from here on. */
  readonly changeAt: number
  /** A third pump starts, hotter than the others. */
  readonly newAt: number
  /** Times at which the bearing of the second pump is bad: its vibration leaves the relation to the load. */
  readonly faults: readonly (readonly [from: number, to: number])[]
  readonly seed: number
}

/** Samples of load, vibration and temperature every five seconds. */
export function pumps(scenario: Pumps, tags: TagTable): Generator<Arrival> {
  const random = seededRandom(scenario.seed)
  const load = [0, 0, 0]
  return play(scenario.hours, tags, ({ at, emit }) => {
    for (let pump = 0; pump < 3; pump++) {
      load[pump] = 0.95 * load[pump] + 0.3 * random.normal()
      const noise = () => 0.1 * random.normal()
      const [first, second, third] = [noise(), noise(), noise()]
      if (pump === 2 && at < scenario.newAt) continue
      const speed = at >= scenario.changeAt ? 4 : 0
      const drift = pump === 0 ? scenario.driftPerHour * Math.max(0, at - scenario.driftFrom) : 0
      const bad = pump === 1 && scenario.faults.some(([from, to]) => at >= from && at < to)
      emit(`pump${pump + 1}/load`, 50 + load[pump] + speed + first)
      emit(`pump${pump + 1}/vibration`, 5 + 0.5 * load[pump] + speed + (bad ? 1.5 : 0) + second)
      emit(`pump${pump + 1}/temperature`, 40 + 10 * pump + load[pump] + drift + third)
    }
  })
}
