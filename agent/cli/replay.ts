import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { headers, predictionRow } from '../../connectors/csv/index.ts'
import { Registry } from '../../models/index.ts'
import { TagTable, type DeadLetter, type JournalRecord } from '../core/index.ts'
import { replay, type ReplaySummary } from '../replay.ts'
import { configOption, loadOrExit } from './configuration.ts'
import { Progress, dataFile, format } from './data.ts'

interface ReplayOptions {
  readonly config: string
  readonly data: string
  readonly out: string
  readonly learn?: boolean
  readonly json?: boolean
}

/** `millwright replay`: what the agent would have concluded from a file. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('Run the pipeline over a CSV file, as fast as the machine goes, and write its predictions.')
    .addOption(configOption())
    .requiredOption(
      '--data <file>',
      'CSV file with the samples; a csv source in the configuration describes its columns',
    )
    .requiredOption('--out <file>', 'CSV file for the predictions')
    .option('--learn', 'learn from the data itself, even where the registry has a model')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ millwright replay --config plant.yaml --data march.csv --out predictions.csv',
    )
    .action(async (options: ReplayOptions) => {
      const { config } = loadOrExit(options.config)
      const tags = new TagTable()
      const progress = new Progress('replay')
      const out = await PredictionsFile.open(options.out)
      const reasons = new Map<string, { rows: number; example: string }>()
      try {
        const summary = await replay({
          config,
          tags,
          arrivals: dataFile(config, options.data, tags),
          ...(!options.learn && { registry: new Registry(join(config.data, 'models')) }),
          results: (records) => out.write(records),
          rejected: (letters) => count(reasons, letters),
          progress: (samples) => progress.show(samples, 'samples'),
        })
        await out.done()
        progress.end()
        report(summary, out, reasons, progress.seconds, options)
      } catch (error) {
        await out.discard()
        throw error
      }
    })
}

/** Written under another name until it is whole. */
class PredictionsFile {
  predictions = 0
  alarms = 0
  readonly failures: string[] = []
  readonly #path: string
  readonly #handle: Awaited<ReturnType<typeof open>>
  #lines: string[] = [headers.predictions]

  private constructor(path: string, handle: Awaited<ReturnType<typeof open>>) {
    this.#path = path
    this.#handle = handle
  }

  static async open(path: string): Promise<PredictionsFile> {
    return new PredictionsFile(path, await open(`${path}.part`, 'w'))
  }

  async write(records: readonly JournalRecord[]): Promise<void> {
    for (const record of records) {
      if (record.kind === 'predictions') {
        this.predictions += record.predictions.length
        for (const prediction of record.predictions) this.#lines.push(predictionRow(prediction))
      } else if (record.kind === 'event' && record.event.type === 'alarm' && record.event.change === 'raised') {
        this.alarms++
      } else if (record.kind === 'event' && record.event.type === 'model' && record.event.step === 'failed') {
        this.failures.push(`${record.event.monitor}: ${record.event.detail}`)
      }
    }
    if (this.#lines.length > 5_000) await this.#flush()
  }

  async done(): Promise<void> {
    await this.#flush()
    await this.#handle.close()
    await rename(`${this.#path}.part`, this.#path)
  }

  async discard(): Promise<void> {
    await this.#handle.close()
  }

  async #flush(): Promise<void> {
    const lines = this.#lines.splice(0)
    if (lines.length > 0) await this.#handle.write(`${lines.join('\n')}\n`)
  }
}

function count(reasons: Map<string, { rows: number; example: string }>, letters: readonly DeadLetter[]): void {
  for (const { reason, detail, rows } of letters) {
    const known = reasons.get(reason)
    if (known) known.rows += rows
    else reasons.set(reason, { rows, example: detail })
  }
}

function report(
  { samples, rejected, models }: ReplaySummary,
  out: PredictionsFile,
  reasons: ReadonlyMap<string, { rows: number; example: string }>,
  seconds: number,
  options: ReplayOptions,
): void {
  const { predictions, alarms, failures } = out
  if (options.json) {
    console.log(
      JSON.stringify({
        samples,
        rejected: Object.fromEntries(reasons),
        predictions,
        alarms,
        models,
        seconds,
        out: options.out,
      }),
    )
    return
  }
  console.log(
    `${format(samples)} samples, ${format(predictions)} predictions, ${alarms} alarms raised in ${seconds.toFixed(1)} s -> ${options.out}`,
  )
  for (const [monitor, version] of Object.entries(models)) {
    console.log(
      `  ${monitor}: ${version === undefined ? 'learned no model: the data is shorter than learn.after' : `model ${version}`}`,
    )
  }
  for (const failure of failures) console.log(`  training failed, ${failure}`)
  if (rejected > 0) console.log(`  ${format(rejected)} values could not be used:`)
  for (const [reason, { rows, example }] of reasons) console.log(`    ${reason}: ${format(rows)}, such as: ${example}`)
}
