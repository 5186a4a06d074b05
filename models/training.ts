import type { z } from 'zod'
import type { PredictionKind, SignalFinding, TrainingSet } from '../agent/core/index.ts'
import type { ModelBundle } from './onnx/manifest.ts'

/**
 * What is known of each row, aligned with the rows of the features.
 * anomaly: 1 where a label says that the asset was not sound (never learned as normal), 0 where an operator said that it
 * was (a false alarm: always learned as normal). fault: code of the class. rul: life that remained, ms. estimate: the
 * measured value. NaN: nothing is known.
 */
export interface Targets {
  readonly value: Float64Array
  /** fault: names of the classes by code, the sound state first. */
  readonly classes?: readonly string[]
}

/** How long a score has to stay beyond its threshold before it is an alarm. */
export type Dwell = { readonly windows: number } | { readonly ms: number }

/** A training set with what is known of its rows, and what a bundle records beside it. */
export interface TrainingInput extends TrainingSet {
  readonly targets?: Targets
  /** Of the alarms that are made of its scores; absent where there are none. */
  readonly dwell?: Dwell
  /** What each signal was taken for, by its role; those that no model can learn have no features. */
  readonly signals?: ReadonlyMap<string, SignalFinding>
  /** Labels that speak of no row: of times or assets of which there are no data, or none any more. */
  readonly unusedLabels?: number
  /** Why it is trained, in words. */
  readonly why?: string
  /** Written as the time of training, ms since epoch. */
  readonly created: number
  /** The version that is active now. */
  readonly parent?: string
}

/** The means and bounds of one training. */
export interface TrainingContext {
  readonly signal?: AbortSignal
  /** ms of wall time after which no further candidate is begun. Infinite where absent: then the result is a function of the data alone. */
  readonly budget?: number
  /** Of everything that is drawn by chance. */
  readonly seed?: number
  /** `share`: 0 to 1. */
  progress?(share: number, step: string): void
}

/** The seed where none is given. */
export const defaultSeed = 42

/** A type of model that the agent trains; its name in the configuration is its key in `modelTypes`. */
export interface ModelDefinition<Schema extends z.ZodType = z.ZodType> {
  readonly config: Schema
  readonly kind: PredictionKind
  /**
   * Trains and exports a model. The same input and seed give the same bundle, but for `created` and the report, unless
   * the budget ends it early. Throws or rejects with a DetectorError: TRAINING_DATA where there is too little, saying
   * how much more is needed; TRAINING_FAILED where the numbers allow no model; or the reason of `context.signal`.
   */
  train(settings: z.output<Schema>, input: TrainingInput, context: TrainingContext): ModelBundle | Promise<ModelBundle>
}

export function defineModel<Schema extends z.ZodType>(definition: ModelDefinition<Schema>): ModelDefinition<Schema> {
  return definition
}
