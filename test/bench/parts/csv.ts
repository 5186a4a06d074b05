import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { schema, type Config } from '../../../agent/settings/schema.ts'
import { dataFile } from '../../../agent/cli/data.ts'
import { TagTable, type Prediction } from '../../../agent/core/index.ts'
import { replay } from '../../../agent/replay/replay.ts'
import { entriesFrom, learn } from '../../../agent/training/training.ts'
import { parseConfig } from '../../../config/index.ts'
import { Registry, type ModelBundle } from '../../../models/index.ts'

/** Trains and replays CSV files as `millwright train` and `millwright replay` do, in a folder that is removed. */
export class CsvPlant {
  readonly config: Config
  readonly #folder: string
  #files = 0

  private constructor(config: Config, folder: string) {
    this.config = config
    this.#folder = folder
  }

  /** `text`: a configuration with one csv source and one monitor, `bench`. */
  static async create(text: string): Promise<CsvPlant> {
    const folder = await mkdtemp(join(tmpdir(), 'millwright-bench-'))
    return new CsvPlant(parseConfig(text, { schema, env: {} }), folder)
  }

  async file(lines: readonly string[]): Promise<string> {
    const path = join(this.#folder, `${this.#files++}.csv`)
    await writeFile(path, `${lines.join('\n')}\n`)
    return path
  }

  /** Learns from a file; resolves with the model, and the seconds that all of it took. */
  async train(file: string): Promise<{ bundle: ModelBundle; seconds: number }> {
    const started = performance.now()
    const tags = new TagTable()
    const entries = entriesFrom(dataFile(this.config, file, tags))
    const job = { config: this.config, monitor: 'bench', tags, entries, created: 0 }
    const bundle = await learn(job, new AbortController().signal)
    return { bundle, seconds: (performance.now() - started) / 1000 }
  }

  /** What the model concludes from a file. */
  async replay(bundle: ModelBundle, file: string): Promise<Prediction[]> {
    const models = await mkdtemp(join(this.#folder, 'models-'))
    const registry = new Registry(models)
    await registry.register({ ...bundle, manifest: { ...bundle.manifest, monitor: 'bench' } })
    const predictions: Prediction[] = []
    const tags = new TagTable()
    await replay({
      config: this.config,
      tags,
      arrivals: dataFile(this.config, file, tags),
      registry,
      results: (records) => {
        for (const record of records) if (record.kind === 'predictions') predictions.push(...record.predictions)
      },
    })
    return predictions
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true })
  }
}
