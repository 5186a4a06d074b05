import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TagTable } from '../../../agent/core/index.ts'
import { loadDetector, modelConfig, trainModel } from '../../../models/index.ts'
import { seededRandom, shuffled } from '../../../models/random.ts'
import { configOf, entriesOf, predictionsOf, vectorsOf, type Machine } from './rows.ts'

/** What the benchmark found. */
export interface Boston {
  /** Mean over the folds, and of all folds together. */
  readonly r2: number
  readonly pooled: number
  /** Share of the rows whose value lies in the interval. */
  readonly coverage: number
  /** Training, all folds. */
  readonly seconds: number
}

const folds = 5
const seed = 42

/** The folder of Boston housing in `data`, or undefined. */
export function bostonFolder(data: string): string | undefined {
  return [join(data, 'boston_housing'), data].find((path) => existsSync(join(path, 'BostonHousing.csv')))
}

/**
 * R² in 5-fold cross-validation: rows are shuffled by a seed and dealt into five parts; each part is told by a model
 * trained on the other four with default settings. A row is one sample of each column, a window is one sample.
 */
export async function boston(folder: string): Promise<Boston> {
  const [header, ...lines] = readFileSync(join(folder, 'BostonHousing.csv'), 'utf8').trim().split(/\r?\n/)
  const columns = header.split(',').slice(0, -1)
  const table = lines.map((line) => line.split(',').map(Number))
  const order = shuffled(table.length, seededRandom(seed))
  const truth: number[] = []
  const told: { value: number; lower: number; upper: number }[] = []
  const scores: number[] = []
  let seconds = 0
  for (let fold = 0; fold < folds; fold++) {
    const held = [...order].filter((_, i) => i % folds === fold).map((row) => table[row])
    const others = [...order].filter((_, i) => i % folds !== fold).map((row) => table[row])
    const result = await oneFold(columns, others, held)
    const values = held.map((row) => row[columns.length])
    scores.push(explained(values, result.told.map(({ value }) => value))) // prettier-ignore
    truth.push(...values)
    told.push(...result.told)
    seconds += result.seconds
  }
  const inside = told.filter(({ lower, upper }, i) => lower <= truth[i] && truth[i] <= upper).length
  return {
    r2: mean(scores),
    pooled: explained(truth, told.map(({ value }) => value)), // prettier-ignore
    coverage: inside / truth.length,
    seconds,
  }
}

async function oneFold(columns: readonly string[], training: readonly number[][], held: readonly number[][]) {
  const config = configOf({ window: '1 sample', model: 'estimate', features: ['mean'] })
  const tags = new TagTable()
  const machine = (rows: readonly number[][]): Machine => ({ name: 'town', rows: rows.map((row) => row.slice(0, -1)) })
  const features = await vectorsOf(config, tags, entriesOf([machine(training)], columns, tags))
  const value = Float64Array.from(training, (row) => row[columns.length])
  const started = performance.now()
  const input = { monitor: 'bench', features, targets: { value }, created: 0 }
  const bundle = await trainModel(modelConfig.parse('estimate'), input)
  const seconds = (performance.now() - started) / 1000
  const detector = await loadDetector(bundle)
  const predictions = await predictionsOf(config, tags, entriesOf([machine(held)], columns, tags), detector)
  const told = predictions.map(({ value, lower, upper }) => ({ value: value!, lower: lower!, upper: upper! }))
  return { told, seconds }
}

function explained(truth: readonly number[], told: readonly number[]): number {
  const centre = mean(truth)
  return 1 - mean(truth.map((value, i) => (value - told[i]) ** 2)) / mean(truth.map((value) => (value - centre) ** 2))
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
