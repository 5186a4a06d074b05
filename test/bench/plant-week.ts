import type { AlarmEvent } from '../../agent/core/index.ts'
import { alarmsOfWeek } from '../support/plant-week.ts'
import { day, monday } from '../support/shift-plant.ts'

/**
 * False alarms in a week of three made-up machines with counters, meters, states and set points after two weeks of learning,
 * with default settings (T²), and how long the week takes. `--seeds N` (20).
 */
export async function run(args: { readonly seeds?: string }): Promise<void> {
  const seeds = Number(args.seeds ?? 20)
  const alarms: AlarmEvent[] = []
  const begun = performance.now()
  for (let seed = 1; seed <= seeds; seed++) alarms.push(...(await alarmsOfWeek({ seed })))
  for (const { asset, monitor, raised } of alarms) console.log(`${asset} ${monitor}, day ${((raised - monday) / day).toFixed(2)}`)
  const seconds = (performance.now() - begun) / 1000 / seeds
  console.log(`${alarms.length} false alarms in ${3 * seeds} machine weeks; ${seconds.toFixed(1)} s for the three weeks of a seed`)
} // prettier-ignore
