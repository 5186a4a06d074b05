import { type Detector, type FeatureBatch, type Scores } from '../core/index.ts'

/** One of two models in a trial, with what it made of the same windows. */
export interface Side {
  readonly detector: Detector
  readonly features: FeatureBatch
  readonly scores: Scores
}
