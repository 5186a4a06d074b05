import type { Batch, DecisionEvent, Entry, FeatureBatch, JournalEvent, Prediction } from '../core/index.ts'
import type { Alarm } from './alarms.ts'

/**
 * Decides by what the pipeline has and concludes, in its order, and is kept in its checkpoint. Of each entry it gets the
 * samples as they are cleaned, then `take`.
 */
export interface Decider {
  /** Monitors whose windows it wants. */
  readonly monitors: ReadonlySet<string>
  /** Alarms that are open at the start. */
  begin(alarms: readonly Alarm[]): void
  samples(batch: Batch): void
  windows(monitor: string, features: FeatureBatch): void
  /** What an entry has led to; answers with what it decides. */
  take(entry: Entry, predictions: readonly Prediction[], events: readonly JournalEvent[]): readonly DecisionEvent[]
  save(): unknown
  load(saved: unknown): void
}

/** Events that only the decider makes something of: what it makes of them is a result. */
export function isForDecider({ type }: JournalEvent): boolean {
  return type === 'order' || type === 'execution' || type === 'restart'
}
