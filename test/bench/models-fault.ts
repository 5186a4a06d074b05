import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FeatureBatch } from '../../agent/core/index.ts'
import { averagePrecision } from '../../models/fault/figures.ts'
import { loadDetector, modelConfig, trainModel } from '../../models/index.ts'
import { seededRandom, shuffled } from '../../models/random.ts'

const folds = 5
const classes = ['normal', 'failure']
/** The kinds of failure that follow the label are not among them; the type of product is an ordinal. */
const columns = ['type', 'air', 'process', 'speed', 'torque', 'wear'].map((tag) => `${tag}.mean`)
const ordinal: Record<string, number> = { L: 0, M: 1, H: 2 }

/** The rows of the file, in its order. */
interface Rows {
  readonly values: Float64Array
  readonly failure: Float64Array
}

/**
 * AI4I 2020 in stratified 5-fold (shuffled, seed 42): F1 of failures at the model's own threshold, pooled over the folds,
 * and the mean area under precision and recall. Trained and scored with default settings; one row is one window.
 * `data`: a folder with `ai4i2020` in it. `verbose`: prints the candidates of each training.
 */
export async function run(args: { readonly data?: string; readonly verbose?: string }): Promise<void> {
  const file = join(args.data ?? '', 'ai4i2020', 'ai4i2020.csv')
  if (args.data === undefined || !existsSync(file)) {
    console.log('AI4I 2020 is not there: give the folder that holds ai4i2020/ai4i2020.csv with --data DIR.')
    return
  }
  const rows = read(file)
  const group = stratified(rows.failure)
  const total = { hits: 0, falseAlarms: 0, misses: 0, area: 0, seconds: 0 }
  for (let fold = 0; fold < folds; fold++) {
    const started = performance.now()
    const training = pick(rows, group, (of) => of !== fold)
    const targets = { value: training.failure, classes }
    const bundle = await trainModel(modelConfig.parse('fault'), {
      monitor: 'ai4i',
      created: 0,
      features: training.features,
      targets,
    })
    total.seconds += (performance.now() - started) / 1000
    if (args.verbose !== undefined) console.log(bundle.report?.candidates, bundle.report?.notes)
    const test = pick(rows, group, (of) => of === fold)
    const detector = await loadDetector(bundle)
    const { score, label } = await detector.score(test.features)
    await detector.close()
    total.area += averagePrecision(score, Uint8Array.from(test.failure)) / folds
    label?.forEach((code, row) => {
      const failure = test.failure[row] === 1
      if (code === 1) total[failure ? 'hits' : 'falseAlarms']++
      else if (failure) total.misses++
    })
  }
  const { hits, falseAlarms, misses, area, seconds } = total
  const f1 = hits / (hits + (falseAlarms + misses) / 2)
  console.log('AI4I 2020, 5-fold    F1      PR-AUC   hits / false / missed   reference F1   training of a fold')
  console.log(
    `fault, defaults      ${f1.toFixed(4)}  ${area.toFixed(4)}   ${hits} / ${falseAlarms} / ${misses}         .77 raw, .90 with physical features   ${(seconds / folds).toFixed(1)} s`,
  )
}

function read(file: string): Rows {
  const lines = readFileSync(file, 'utf8').trim().split('\n').slice(1)
  const cells = lines.map((line) => line.split('\t'))
  return {
    values: Float64Array.from(cells.flatMap((row) => [ordinal[row[2]], ...row.slice(3, 8).map(Number)])),
    failure: Float64Array.from(cells, (row) => Number(row[8])),
  }
}

/** Fold of each row: the rows of each class are dealt out in a random order. */
function stratified(failure: Float64Array): Uint8Array {
  const random = seededRandom(42)
  const group = new Uint8Array(failure.length)
  for (const value of [0, 1]) {
    const rows = Array.from(failure.keys()).filter((row) => failure[row] === value)
    shuffled(rows.length, random).forEach((at, place) => (group[rows[at]] = place % folds))
  }
  return group
}

/** Rows of some folds as windows of a second, one after the other as in the file. */
function pick({ values, failure }: Rows, group: Uint8Array, wanted: (fold: number) => boolean) {
  const chosen = Array.from(group.keys()).filter((row) => wanted(group[row]))
  const width = columns.length
  const features: FeatureBatch = {
    length: chosen.length,
    names: columns,
    values: Float64Array.from(chosen.flatMap((row) => Array.from(values.subarray(row * width, (row + 1) * width)))),
    asset: chosen.map(() => 'mill'),
    start: Float64Array.from(chosen, (row) => row * 1000),
    end: Float64Array.from(chosen, (row) => (row + 1) * 1000),
    coverage: new Float64Array(chosen.length).fill(1),
    revision: new Uint16Array(chosen.length).fill(1),
  }
  return { features, failure: Float64Array.from(chosen, (row) => failure[row]) }
}
