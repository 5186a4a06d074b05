import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { averagePrecision } from '../../models/fault/figures.ts'
import { seededRandom, shuffled } from '../../models/random.ts'
import { CsvPlant } from './parts/csv.ts'
import { tableOf, type Figure } from './parts/figures.ts'

const folds = 5

/** A row is a window. The kinds of failure that follow the label are not read; the type of product is an ordinal. */
const configuration = `
connectors:
  ai4i:
    type: csv
    read: x
    delimiter: tab
    counter: UDI
    tag: "mill/{column}"
    tags: { Type: { words: { L: 0, M: 1, H: 2 } } }
    ignore: [Product ID, TWF, HDF, PWF, OSF, RNF]
    labels: { Machine failure: { label: fault, classes: { "0": normal, "1": failure }, asset: mill } }
assets: { machine: { tags: "{asset}/{role}" } }
monitors:
  bench: { assets: machine, window: 1 sample, every: 1 sample, features: [mean], model: fault }
`

/**
 * AI4I 2020 in stratified 5-fold (shuffled, seed 42): F1 of failures at the model's own threshold, pooled over the folds,
 * and the mean area under precision and recall; trained and replayed as the agent does it, with default settings.
 * `data`: a folder with `ai4i2020` in it. `verbose`: prints the candidates of each training.
 */
export async function run(args: { readonly data?: string; readonly verbose?: string }): Promise<readonly Figure[]> {
  const file = join(args.data ?? '', 'ai4i2020', 'ai4i2020.csv')
  if (args.data === undefined || !existsSync(file)) {
    console.log('AI4I 2020 is not there: give the folder that holds ai4i2020/ai4i2020.csv with --data DIR.')
    return []
  }
  const plant = await CsvPlant.create(configuration)
  try {
    const figures = await evaluate(plant, file, args.verbose !== undefined)
    console.log(tableOf(figures))
    return figures
  } finally {
    await plant.remove()
  }
}

async function evaluate(plant: CsvPlant, file: string, verbose: boolean): Promise<Figure[]> {
  const [head, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/)
  const place = head.split('\t').indexOf('Machine failure')
  const failure = Uint8Array.from(lines, (line) => Number(line.split('\t')[place]))
  const group = stratified(failure)
  const total = { hits: 0, falseAlarms: 0, misses: 0, area: 0, seconds: 0, memory: 0 }
  for (let fold = 0; fold < folds; fold++) {
    const part = (wanted: boolean) => lines.filter((_, row) => (group[row] === fold) === wanted)
    const { bundle, seconds } = await plant.train(await plant.file([head, ...part(false)]))
    if (verbose) console.log(bundle.report?.candidates, bundle.report?.notes)
    total.seconds += seconds
    total.memory = Math.max(total.memory, bundle.report?.peakMemory ?? 0)
    const truth = failure.filter((_, row) => group[row] === fold)
    const predictions = await plant.replay(bundle, await plant.file([head, ...part(true)]))
    if (predictions.length !== truth.length)
      throw new Error(`${predictions.length} predictions of ${truth.length} rows`)
    total.area += averagePrecision(Float64Array.from(predictions, ({ score }) => score), truth) / folds // prettier-ignore
    predictions.forEach(({ label }, row) => {
      if (label === 'failure') total[truth[row] === 1 ? 'hits' : 'falseAlarms']++
      else if (truth[row] === 1) total.misses++
    })
  }
  const { hits, falseAlarms, misses, area, seconds, memory } = total
  const data = 'AI4I 2020, 5-fold'
  const f1 = hits / (hits + (falseAlarms + misses) / 2)
  return [
    { data, metric: 'F1 of failures', ours: f1.toFixed(3).slice(1), reference: '.90 (.77 raw)', seconds, memory },
    { data, metric: 'PR-AUC', ours: area.toFixed(3).slice(1), reference: '' },
  ]
}

/** Fold of each row: the rows of each class are dealt out in a random order. */
function stratified(failure: Uint8Array): Uint8Array {
  const random = seededRandom(42)
  const group = new Uint8Array(failure.length)
  for (const value of [0, 1]) {
    const rows = Array.from(failure.keys()).filter((row) => failure[row] === value)
    shuffled(rows.length, random).forEach((at, place) => (group[rows[at]] = place % folds))
  }
  return group
}
