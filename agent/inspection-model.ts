import type { Inspector } from '../models/inspection/inspector.ts'
import type { ImageOutput } from '../models/inspection/manifest.ts'

/** A model that judges, under its version. */
export interface JudgingModel {
  readonly version: string
  readonly inspector: Inspector
  readonly output: ImageOutput
}
