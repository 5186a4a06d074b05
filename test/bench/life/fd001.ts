import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TagTable, type Prediction } from '../../../agent/core/index.ts'
import { loadDetector, modelConfig, trainModel, type ModelBundle } from '../../../models/index.ts'
import { configOf, entriesOf, period, predictionsOf, vectorsOf, type Machine } from './rows.ts'

/** What the benchmark found. Lives in cycles. */
export interface Fd001 {
  readonly rmse: number
  readonly phm: number
  /** Share of the test units whose true life lies in the interval. */
  readonly coverage: number
  /** The same over all rows of the test units, by thirds of the lives told and of the true ones, the shortest first. */
  readonly byTold: readonly number[]
  readonly byTruth: readonly number[]
  /** Mean width of the interval. */
  readonly width: number
  readonly seconds: number
  readonly bundle: ModelBundle
}

const columns = [...Array.from({ length: 3 }, (_, i) => `setting${i + 1}`), ...Array.from({ length: 21 }, (_, i) => `sensor${i + 1}`)] // prettier-ignore

/** The folder of FD001 in `data`, or undefined. */
export function fd001Folder(data: string): string | undefined {
  return [join(data, 'cmapss_fd001'), data].find((path) => existsSync(join(path, 'train_FD001.txt')))
}

/**
 * Learns from the 100 engines that ran to failure, with default settings, and tells the life of the 100 test engines at
 * their last row: windows of the last 30 cycles, through the pipeline of the agent.
 */
export async function fd001(folder: string): Promise<Fd001> {
  const config = configOf({ window: '30 samples', every: '1 sample', model: 'rul' })
  const tags = new TagTable()
  const training = machinesIn(join(folder, 'train_FD001.txt'), 'train')
  const features = await vectorsOf(config, tags, entriesOf(training, columns, tags))
  const ends = new Map(training.map(({ name, rows }) => [name, rows.length * period]))
  const value = Float64Array.from(features.end, (end, row) => ends.get(features.asset[row])! - end)
  const started = performance.now()
  const bundle = await trainModel(modelConfig.parse('rul'), {
    monitor: 'bench',
    features,
    targets: { value },
    created: 0,
  })
  const seconds = (performance.now() - started) / 1000
  const detector = await loadDetector(bundle)
  const test = machinesIn(join(folder, 'test_FD001.txt'), 'test')
  const predictions = await predictionsOf(config, tags, entriesOf(test, columns, tags), detector)
  const last = new Map(predictions.map((prediction) => [prediction.asset, prediction]))
  const truth = numbersIn(join(folder, 'RUL_FD001.txt')).map(([life]) => life)
  const told = test.map(({ name }) => last.get(name)!)
  const errors = told.map(({ value }, i) => value! / period - truth[i])
  const held = told.filter(({ lower, upper }, i) => lower! / period <= truth[i] && truth[i] <= upper! / period)
  const ended = new Map(test.map(({ name }, i) => [name, last.get(name)!.time / period + truth[i]]))
  const known = predictions.filter(({ value }) => value !== undefined && !Number.isNaN(value))
  const rows = known.map((one) => ({ one, life: ended.get(one.asset)! - one.time / period }))
  return {
    byTold: thirds(rows, ({ one }) => one.value!),
    byTruth: thirds(rows, ({ life }) => life),
    rmse: Math.sqrt(mean(errors.map((error) => error ** 2))),
    phm: errors.reduce((sum, error) => sum + (error < 0 ? Math.exp(-error / 13) : Math.exp(error / 10)) - 1, 0),
    coverage: held.length / told.length,
    width: mean(told.map(({ lower, upper }) => (upper! - lower!) / period)),
    seconds,
    bundle,
  }
}

interface Row {
  readonly one: Prediction
  readonly life: number
}

/** Share of the rows whose true life is within the interval, in each third of them by `of`. */
function thirds(rows: readonly Row[], of: (row: Row) => number): number[] {
  const order = [...rows].sort((a, b) => of(a) - of(b))
  return [0, 1, 2].map((third) => {
    const own = order.slice(Math.floor((third * order.length) / 3), Math.floor(((third + 1) * order.length) / 3))
    return own.filter(({ one, life }) => one.lower! / period <= life && life <= one.upper! / period).length / own.length
  })
}

function machinesIn(file: string, prefix: string): Machine[] {
  const units = new Map<number, number[][]>()
  for (const [unit, , ...values] of numbersIn(file)) {
    if (!units.has(unit)) units.set(unit, [])
    units.get(unit)!.push(values)
  }
  return [...units].map(([unit, rows]) => ({ name: `${prefix}${unit}`, rows }))
}

function numbersIn(file: string): number[][] {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines.map((line) => line.trim().split(/\s+/).map(Number))
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
