import type { FeatureBatch } from '../../agent/core/index.ts'
import type { Targets } from '../../models/index.ts'
import { seededRandom } from '../../models/random.ts'

/** One hour in ms: windows of `worn` end every hour. */
export const hour = 3_600_000

/** Machines that wear out. */
export interface Wear {
  readonly runs: number
  readonly seed?: number
  /** Hours that are cut off each run before its failure: its windows have no target. */
  readonly cut?: (run: number, life: number) => number
}

/**
 * Runs of machines to their failure, each an asset of its own: `vibration` rises with wear from half of a life of 60 to
 * 120 hours on, `load` comes and goes with it and without it, `idle` says nothing. With the age in seconds.
 */
export function worn({ runs, seed = 1, cut = () => 0 }: Wear): {
  features: FeatureBatch
  targets: Targets
  life: Float64Array
} {
  const random = seededRandom(seed)
  const names = ['idle.mean', 'load.mean', 'vibration.mean', 'vibration.slope', 'age']
  const rows: { asset: string; end: number; values: number[]; life: number; known: boolean }[] = []
  for (let run = 0; run < runs; run++) {
    const length = 60 + random.integer(61)
    const shown = length - cut(run, length)
    for (let at = 1; at <= shown; at++) {
      const worn = Math.max(0, at / length - 0.5)
      const load = 50 + 5 * random.normal()
      const values = [
        random.normal(),
        load,
        2 + load / 50 + 8 * worn + 0.15 * random.normal(),
        16 * worn + random.normal(),
        at * 3600,
      ]
      rows.push({ asset: `machine${run}`, end: at * hour, values, life: (length - at) * hour, known: shown === length })
    }
  }
  rows.sort((a, b) => a.end - b.end || (a.asset < b.asset ? -1 : 1))
  return {
    features: {
      length: rows.length,
      names,
      values: Float64Array.from(rows.flatMap(({ values }) => values)),
      asset: rows.map(({ asset }) => asset),
      start: Float64Array.from(rows, ({ end }) => end - hour),
      end: Float64Array.from(rows, ({ end }) => end),
      coverage: new Float64Array(rows.length).fill(1),
      revision: new Uint16Array(rows.length).fill(1),
    },
    targets: { value: Float64Array.from(rows, ({ life, known }) => (known ? life : NaN)) },
    life: Float64Array.from(rows, ({ life }) => life),
  }
}
