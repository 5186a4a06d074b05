import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CsvPlant } from './parts/csv.ts'
import { tableOf, type Figure } from './parts/figures.ts'

/** Rows of each file that are the training period; verdicts count from the next row on. */
const trainingRows = 400

/** Windows of the last twenty rows, a verdict a row; all else as it is by default. */
const configuration = (model: string) => `
connectors:
  skab: { type: csv, read: x, delimiter: ";", time: datetime, tag: "rig/{column}", ignore: [anomaly, changepoint] }
assets: { rig: { tags: "{asset}/{role}" } }
monitors:
  bench: { assets: rig, window: 20 samples, every: 1 sample, model: { type: anomaly, ${model} } }
`

/** Verdicts against labels, pooled over all files. */
interface Tally {
  hits: number
  falseAlarms: number
  misses: number
  quietRows: number
  seconds: number
  memory: number
}

/**
 * SKAB, unsupervised: for each of the 34 labelled runs a model is trained on the first 400 rows, then gives a causal
 * verdict for every later row, through the agent's own training and replay. `data`: a folder with `skab` in it. `more`: also
 * what other thresholds cost, and what is found with one of the eight signals gone in each run once it is learned (T²).
 */
export async function run(args: { readonly data?: string; readonly more?: string }): Promise<readonly Figure[]> {
  const folder = [join(args.data ?? '', 'skab'), args.data ?? ''].find((path) => existsSync(join(path, 'valve1')))
  if (args.data === undefined || folder === undefined) {
    console.log('SKAB is not there: give the folder that holds it with --data DIR. See models/README.md.')
    return []
  }
  const files = ['other', 'valve1', 'valve2'].flatMap((group) =>
    readdirSync(join(folder, group))
      .filter((name) => name.endsWith('.csv'))
      .sort()
      .map((name) => join(folder, group, name)),
  )
  const figures = [
    figure('default', await evaluate(files, 'quiet: false'), '.80 / 35.8 / 13.0', '.78'),
    figure('quiet', await evaluate(files, 'quiet: true'), '.77 / 16.5 / 27.9'),
  ]
  if (args.more !== undefined) {
    for (const sensitivity of [1.2, 1, 0.8, 0.66, 0.5, 0.4]) {
      const model = `method: hotelling-t2, sensitivity: ${sensitivity}`
      figures.push(figure(`T², sensitivity ${sensitivity}`, await evaluate(files, model), ''))
    }
    figures.push(figure('T², a signal gone', await evaluate(files, 'method: hotelling-t2', true), ''))
  }
  console.log(tableOf(figures))
  return figures
}

function figure(name: string, tally: Tally, reference: string, published?: string): Figure {
  const { hits, falseAlarms, misses, quietRows, seconds, memory } = tally
  const f1 = hits / (hits + (falseAlarms + misses) / 2)
  const far = (100 * falseAlarms) / (falseAlarms + quietRows)
  const mar = (100 * misses) / (misses + hits)
  const ours = `${f1.toFixed(3).slice(1)} / ${far.toFixed(1)} / ${mar.toFixed(1)}`
  const metric = `F1 / false alarms % / missed %, ${name}`
  return { data: 'SKAB, 34 runs', metric, ours, reference, ...(published && { published }), seconds, memory }
}

async function evaluate(files: readonly string[], model: string, isLosing = false): Promise<Tally> {
  const tally = { hits: 0, falseAlarms: 0, misses: 0, quietRows: 0, seconds: 0, memory: 0 }
  const plant = await CsvPlant.create(configuration(model))
  try {
    for (const [run, file] of files.entries()) await judge(plant, file, tally, isLosing ? run : undefined)
  } finally {
    await plant.remove()
  }
  return tally
}

/** `lost`: number of the signal that is gone after the training. */
async function judge(plant: CsvPlant, file: string, tally: Tally, lost: number | undefined): Promise<void> {
  const [head, ...lines] = readFileSync(file, 'utf8').trim().split('\n')
  const { bundle, seconds } = await plant.train(await plant.file([head, ...lines.slice(0, trainingRows)]))
  tally.seconds += seconds
  tally.memory = Math.max(tally.memory, bundle.report?.peakMemory ?? 0)
  const label = head.split(';').indexOf('anomaly')
  const truth = new Map(
    lines.slice(trainingRows).map((line) => {
      const cells = line.split(';')
      return [Date.parse(`${cells[0].replace(' ', 'T')}Z`), Number(cells[label]) === 1]
    }),
  )
  const judged = lost === undefined ? file : await plant.file([head, ...withoutSignal(head, lines, lost)])
  for (const { time, state } of await plant.replay(bundle, judged)) {
    const anomaly = truth.get(time)
    if (anomaly === undefined) continue
    const verdict = state === 'anomaly'
    if (anomaly) tally[verdict ? 'hits' : 'misses']++
    else tally[verdict ? 'falseAlarms' : 'quietRows']++
  }
}

/** The lines without the values of one signal from the end of the training on. */
function withoutSignal(head: string, lines: readonly string[], lost: number): string[] {
  const names = head.split(';')
  const signals = [...names.keys()].filter((column) => !['datetime', 'anomaly', 'changepoint'].includes(names[column]))
  const gone = signals[lost % signals.length]
  const without = (line: string) => line.split(';').map((cell, column) => (column === gone ? '' : cell)).join(';') // prettier-ignore
  return lines.map((line, row) => (row < trainingRows ? line : without(line)))
}
