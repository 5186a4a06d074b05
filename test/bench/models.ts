import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FeatureBatch } from '../../agent/core/index.ts'
import { loadDetector, modelConfig, trainModel } from '../../models/index.ts'
import { run as runLife } from './models-life.ts'

/** Rows of each file that are the training period; verdicts count from the next row on. */
const trainingRows = 400
/** Samples in a rolling window. */
const windowRows = 20
const columns = 8

interface Run {
  readonly name: string
  readonly time: Float64Array
  /** Row-major, `columns` wide. */
  readonly values: Float64Array
  readonly anomaly: Uint8Array
}

/** Verdicts against labels, pooled over all files. */
interface Tally {
  hits: number
  falseAlarms: number
  misses: number
  quietRows: number
  seconds: number
}

/**
 * SKAB, unsupervised: for each of the 34 labelled runs a model is trained with default settings on the first 400 rows,
 * then gives a causal verdict for every later row. `data`: a folder with `skab` in it, or that folder.
 */
export async function run(args: { readonly data?: string }): Promise<void> {
  const folder = [join(args.data ?? '', 'skab'), args.data ?? ''].find((path) => existsSync(join(path, 'valve1')))
  if (args.data === undefined || folder === undefined) {
    console.log('SKAB is not there: give the folder that holds it with --data DIR. See models/README.md.')
    return
  }
  const runs = ['other', 'valve1', 'valve2'].flatMap((group) => readGroup(folder, group))
  console.log(`SKAB, ${runs.length} runs             F1      FAR %   MAR %   reference           training`)
  print('T², default settings   ', await evaluate(runs, false), '.80 / 35.8 / 13.0')
  print('T², quiet: true        ', await evaluate(runs, true), '.77 / 16.5 / 27.9')
  console.log('')
  await runLife(args)
}

function print(name: string, { hits, falseAlarms, misses, quietRows, seconds }: Tally, reference: string): void {
  const f1 = hits / (hits + (falseAlarms + misses) / 2)
  const far = (100 * falseAlarms) / (falseAlarms + quietRows)
  const mar = (100 * misses) / (misses + hits)
  console.log(
    `${name}  ${f1.toFixed(4)}  ${far.toFixed(2)}   ${mar.toFixed(2)}   ${reference}   ${seconds.toFixed(2)} s`,
  )
}

async function evaluate(runs: readonly Run[], quiet: boolean): Promise<Tally> {
  const tally = { hits: 0, falseAlarms: 0, misses: 0, quietRows: 0, seconds: 0 }
  const settings = modelConfig.parse({ type: 'anomaly', quiet })
  for (const one of runs) {
    const started = performance.now()
    const training = rollingFeatures(one, windowRows - 1, trainingRows)
    const bundle = await trainModel(settings, { monitor: 'skab', features: training, created: 0 })
    tally.seconds += (performance.now() - started) / 1000
    const detector = await loadDetector(bundle)
    const { score, threshold } = await detector.score(rollingFeatures(one, trainingRows, one.time.length))
    await detector.close()
    for (let row = 0; row < score.length; row++) {
      const verdict = score[row] > threshold[row]
      if (one.anomaly[trainingRows + row] === 1) tally[verdict ? 'hits' : 'misses']++
      else tally[verdict ? 'falseAlarms' : 'quietRows']++
    }
  }
  return tally
}

function readGroup(folder: string, group: string): Run[] {
  return readdirSync(join(folder, group))
    .filter((file) => file.endsWith('.csv'))
    .sort()
    .map((file) => {
      const lines = readFileSync(join(folder, group, file), 'utf8')
        .trim()
        .split('\n')
        .slice(1)
      const cells = lines.map((line) => line.split(';'))
      return {
        name: `${group}/${file}`,
        time: Float64Array.from(cells, ([time]) => Date.parse(`${time.replace(' ', 'T')}Z`)),
        values: Float64Array.from(cells.flatMap((row) => row.slice(1, 1 + columns).map(Number))),
        anomaly: Uint8Array.from(cells, (row) => Number(row[1 + columns])),
      }
    })
}

/** Mean and standard deviation of the last 20 samples of each column, for rows `from` to `to` (exclusive). */
function rollingFeatures({ name, time, values }: Run, from: number, to: number): FeatureBatch {
  const length = to - from
  const result = new Float64Array(length * columns * 2)
  for (let row = from, at = 0; row < to; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0
      let squares = 0
      for (let i = row - windowRows + 1; i <= row; i++) sum += values[i * columns + column]
      const mean = sum / windowRows
      for (let i = row - windowRows + 1; i <= row; i++) squares += (values[i * columns + column] - mean) ** 2
      result[at++] = mean
      result[at++] = Math.sqrt(squares / windowRows)
    }
  }
  return {
    length,
    names: Array.from({ length: columns * 2 }, (_, i) => `tag${Math.floor(i / 2)}.${i % 2 === 0 ? 'mean' : 'std'}`),
    values: result,
    asset: new Array<string>(length).fill(name),
    start: time.slice(from - windowRows + 1, to - windowRows + 1),
    end: time.slice(from, to),
    coverage: new Float64Array(length).fill(1),
    revision: new Uint16Array(length).fill(1),
  }
}
