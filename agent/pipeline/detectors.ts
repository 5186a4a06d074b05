import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { loadDetector, type ModelTrials, type Registry } from '../../models/index.ts'
import type { Config } from '../settings/index.ts'
import { type Detector, type InHand, type Logger, describeError } from '../core/index.ts'

/**
 * The detector of a model version: from the registry, or the user's own file. A model that cannot be had does not stop
 * the agent: undefined, said once in the log, and its monitor has no opinion.
 */
export function detectorLoader(
  config: Config,
  registry: Registry,
  log: Logger,
  { inHand, leftOut, trials }: Precautions = {},
) {
  return async (monitor: string, version: string): Promise<Detector | undefined> => {
    if (leftOut?.(monitor)) return undefined
    const { model } = config.monitors[monitor]
    try {
      const source = model.type === 'onnx' ? model : await registry.load(monitor, version)
      await trials?.try(source)
      const detector = await loadDetector(source)
      return inHand ? marked(detector, inHand, `monitor ${monitor}`) : detector
    } catch (error) {
      log.error({ monitor, version }, `the model cannot be used: ${describeError(error)}`)
      return undefined
    }
  }
}

/** What is known of processes that a model may have ended. */
export interface Precautions {
  readonly inHand?: InHand | undefined
  /** Whether a monitor is to have no model. */
  readonly leftOut?: (monitor: string) => boolean
  /** Runs a model elsewhere before it is opened here. */
  readonly trials?: Pick<ModelTrials, 'try'>
}

/** A detector whose monitor is known where it ends the process. */
function marked(detector: Detector, inHand: InHand, part: string): Detector {
  const score = detector.score.bind(detector)
  detector.score = async (features) => {
    inHand.take(part, '')
    try {
      return await score(features)
    } finally {
      inHand.done(part)
    }
  }
  return detector
}

/** Version of the user's own file: it changes when the file does. */
export async function fileVersion(file: string): Promise<string> {
  const content = await readFile(file).catch(() => Buffer.from('missing'))
  return `file-${createHash('sha256').update(content).digest('hex').slice(0, 8)}`
}
