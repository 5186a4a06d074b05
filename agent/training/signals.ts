import { DetectorError, type FeatureBatch, type Nature, type SignalFinding } from '../core/index.ts'
import { pickColumns, roleOf } from '../../models/feature-tags.ts'
import { isAssetFeature } from '../../models/features/index.ts'
import type { MonitorSettings } from '../pipeline/index.ts'

export type Signals = ReadonlyMap<string, SignalFinding>

/** What a model of what is normal may learn: a height that only ever rises, or that somebody chooses, is no sign of health. */
const learnable: readonly Nature[] = ['measurement']
/** What may say which way a machine runs. */
const holding: readonly Nature[] = ['state', 'setpoint']
/** What tells nothing to a model that is taught by labels either. */
const useless: readonly Nature[] = ['clock', 'text', 'ignore']

/**
 * The features of those signals that the model may learn. The tag that names the modes stays. Throws a DetectorError
 * (TRAINING_DATA) where none is left.
 */
export function learnableFeatures(
  monitor: string,
  model: MonitorSettings['model'],
  features: FeatureBatch,
  signals: Signals,
): FeatureBatch {
  const mode = model.type === 'anomaly' && typeof model.modes === 'object' ? model.modes.tag : undefined
  const natureOf = (role: string) => signals.get(role)?.nature ?? 'measurement'
  const may = (name: string) => {
    const nature = natureOf(roleOf(name))
    if (model.type !== 'anomaly') return !useless.includes(nature)
    // States and set points may name the modes, by their mean.
    return roleOf(name) === mode || learnable.includes(nature) || (holding.includes(nature) && name.endsWith('.mean'))
  }
  const wanted = features.names.filter((name) => isAssetFeature(name) || may(name))
  if (wanted.length === features.names.length && model.type !== 'anomaly') return features
  const isJudged = (name: string) => roleOf(name) !== mode && !holding.includes(natureOf(roleOf(name)))
  if (!wanted.some(isJudged)) {
    const found = [...signals].map(([role, { nature, evidence }]) => `${role} (${nature}: ${evidence})`)
    throw new DetectorError(
      'TRAINING_DATA',
      `monitor ${monitor} has no signal whose values say how its machines are: ${found.join('; ')}`,
      { remedy: 'Where one of them is a measurement, say so: `signals: { NAME: measurement }` in its class of assets. Or give it more data.' }, // prettier-ignore
    )
  }
  const kept = new Set(wanted)
  return pickColumns(features, (name) => kept.has(name))
}
