import { openInspectorPool } from '../../../models/inspection/pool.ts'
import type { Inspector } from '../../../models/inspection/inspector.ts'
import type { ImageBundle, ImageManifest, ImageOutput } from '../../../models/inspection/manifest.ts'
import type { StationSettings } from '../../settings/index.ts'

/** A model that judges, under its version. */
export interface JudgingModel {
  readonly version: string
  readonly inspector: Inspector
  readonly output: ImageOutput
  /** What its training measured. */
  readonly metrics: Readonly<Record<string, number>>
  /** What it is and sees, for people. */
  readonly manifest: Pick<ImageManifest, 'type' | 'created' | 'input' | 'training'>
}

/** Opens a model in processes of its own. `died` is told when one of these ends, checked by its golden images. Rejects with a DetectorError. */
export async function openModel(
  { manifest, ...files }: ImageBundle,
  { bounds, workers }: StationSettings,
  died?: (how: string) => void,
): Promise<JudgingModel> {
  const inspector = await openInspectorPool({ manifest, ...files }, bounds, workers, died)
  return { version: manifest.version, inspector, output: manifest.output, metrics: manifest.metrics, manifest }
}
