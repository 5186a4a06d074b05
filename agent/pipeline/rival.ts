import type { Detector, FeatureBatch } from '../core/index.ts'
import type { Posts, Trial } from '../learning/index.ts'

/** A model that scores, under its version. */
export interface Model {
  readonly version: string
  /** Undefined where the model cannot be had. */
  readonly detector: Detector | undefined
}

/** The model beside the one at work: one that wants its place, or the one whose place it took. */
export interface Rival extends Model {
  readonly role: NonNullable<Posts['rival']>['role']
  readonly trial: Trial
  /** Why it can be compared no longer. */
  readonly problem?: string
}

/** Feature vectors of the same windows, in the columns that each reader needs. */
export interface Pending {
  readonly active: FeatureBatch
  readonly rival: FeatureBatch | undefined
  readonly own: FeatureBatch | undefined
}
