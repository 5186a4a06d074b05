import type { Inspector } from '../models/inspection/inspector.ts'
import type { ImageManifest, ImageOutput } from '../models/inspection/manifest.ts'

/** A model that judges, under its version. */
export interface JudgingModel {
  readonly version: string
  readonly inspector: Inspector
  readonly output: ImageOutput
  /** What it is, for people. */
  readonly manifest: Pick<ImageManifest, 'type' | 'created' | 'input' | 'training'>
}
