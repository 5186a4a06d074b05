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

/** Opens a model in workers of its own, checked by its golden images. Rejects with a DetectorError. */
export async function openModel(
  { manifest, ...files }: ImageBundle,
  { bounds, workers }: StationSettings,
): Promise<JudgingModel> {
  const inspector = await openInspectorPool({ manifest, ...files }, bounds, workers)
  return { version: manifest.version, inspector, output: manifest.output, metrics: manifest.metrics, manifest }
}
