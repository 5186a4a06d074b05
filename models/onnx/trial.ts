import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DetectorError, describeError } from '../../agent/core/index.ts'
import { endedByPool, ProcessPool } from '../processes/pool.ts'
import type { ModelBundle } from './manifest.ts'
import { runtimeVersion, sha256 } from './runtime.ts'
import type { OnnxSettings } from './user-file.ts'

/** What is tried: a bundle, or the user's own file by its settings. */
export type Tried = ModelBundle | OnnxSettings

/** ms that a model has for its golden vectors or a sample, and bytes of memory: both a multiple of what any sound one takes. */
const limits = { patience: 20_000, memory: 2e9 }
/** ms that the process stays for the next model. */
const grace = 1_000
/** How often a model is tried where its process ends by itself: the system takes one for memory that others use. */
const attempts = 3
/** Models that are remembered. */
const most = 500

/**
 * Runs models in a process of its own before this one opens them: one that never answers, eats memory or crashes the runtime
 * is refused in words. What has passed is remembered by its content and the version of the
 * runtime, and not tried again.
 */
export class ModelTrials {
  readonly #folder: string
  #pool: ProcessPool<Tried, void> | undefined
  #users = 0
  #ending: NodeJS.Timeout | undefined

  /** `folder`: of the models. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Rejects with a DetectorError where the model should not be opened. */
  async try(model: Tried): Promise<void> {
    const key = await this.#keyOf(model)
    if ((await this.#passed()).includes(key)) return
    for (let left = attempts - 1; ; left--) {
      try {
        await this.#run(model)
        break
      } catch (error) {
        if (left === 0 || !hasDied(error) || error.message.includes(endedByPool)) throw refusal(model, error)
      }
    }
    await this.#remember(key)
  }

  async #run(model: Tried): Promise<void> {
    clearTimeout(this.#ending)
    this.#users++
    const pool = (this.#pool ??= new ProcessPool({
      module: new URL('trial-process', import.meta.url),
      name: 'the trial of models',
      ...{ ...limits, mostDeaths: 1 },
    }))
    try {
      await pool.run(model)
    } finally {
      if (--this.#users === 0) this.#ending = setTimeout(() => this.#end(), grace)
    }
  }

  #end(): void {
    const pool = this.#pool
    this.#pool = undefined
    void pool?.close()
  }

  async #keyOf(model: Tried): Promise<string> {
    const onnx = 'manifest' in model ? model.onnx : await readFile(model.file).catch(() => Buffer.of())
    return sha256(`${sha256(onnx)} ${JSON.stringify('manifest' in model ? model.manifest : model)} ${runtimeVersion()}`)
  }

  get #file(): string {
    return join(this.#folder, 'tried.json')
  }

  async #passed(): Promise<string[]> {
    try {
      return Array.from(JSON.parse(await readFile(this.#file, 'utf8')) as string[])
    } catch {
      // None yet, or damaged: they are tried again.
      return []
    }
  }

  async #remember(key: string): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true })
      await writeFile(this.#file, JSON.stringify([...(await this.#passed()), key].slice(-most)))
    } catch {
      // On a full disk, say: it is tried again at the next start.
    }
  }
}

function hasDied(error: unknown): error is DetectorError {
  return error instanceof DetectorError && error.code === 'WORKER_DIED'
}

function refusal(model: Tried, error: unknown): unknown {
  if (!hasDied(error)) return error
  const name = 'manifest' in model ? `model ${model.manifest.version}` : model.file
  const how = describeError(error).replace(/^the process of the trial of models /, 'the process that ran it ')
  return new DetectorError('MODEL_BROKEN', `${name} cannot be used: ${how}`, {
    cause: error,
    remedy: 'Export the model again, without loops that may not end and within the memory of this machine.',
  })
}
