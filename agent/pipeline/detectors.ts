import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { loadDetector, type Registry } from '../../models/index.ts'
import type { Config } from '../settings/index.ts'
import { type Detector, type Logger, describeError } from '../core/index.ts'

/**
 * The detector of a model version: from the registry, or the user's own file. A model that cannot be had does not stop
 * the agent: undefined, said once in the log, and its monitor has no opinion.
 */
export function detectorLoader(config: Config, registry: Registry, log: Logger) {
  return async (monitor: string, version: string): Promise<Detector | undefined> => {
    const { model } = config.monitors[monitor]
    try {
      return await loadDetector(model.type === 'onnx' ? model : await registry.load(monitor, version))
    } catch (error) {
      log.error({ monitor, version }, `the model cannot be used: ${describeError(error)}`)
      return undefined
    }
  }
}

/** Version of the user's own file: it changes when the file does. */
export async function fileVersion(file: string): Promise<string> {
  const content = await readFile(file).catch(() => Buffer.from('missing'))
  return `file-${createHash('sha256').update(content).digest('hex').slice(0, 8)}`
}
