import { healthOf, type Prediction, type TagTable } from '../core/index.ts'
import { type AssetState, type MonitorState } from './agent-view.ts'
import type { Learning } from '../learning/index.ts'
import type { Monitor, Pipeline } from '../pipeline/index.ts'
import type { Newest } from './newest.ts'

export interface AssetParts {
  readonly tags: TagTable
  readonly pipeline: Pipeline
  readonly newest: Newest
  readonly learning: Learning
}

/** Every asset with the newest of its tags and what its monitors conclude. */
export function assetStates(parts: AssetParts): AssetState[] {
  return [...parts.pipeline.classes.keys()].flatMap((className) => assetsOf(className, parts))
}

function assetsOf(className: string, parts: AssetParts): AssetState[] {
  const { pipeline, tags, newest } = parts
  const assets = pipeline.classes.get(className)!
  const monitors = [...pipeline.monitors.values()].filter(({ settings }) => settings.assets === className)
  return assets.assets.map((asset) => ({
    name: asset.name,
    className,
    monitors: monitors.map((monitor) => monitorState(monitor, asset.name, parts)),
    tags: asset.tags.flatMap((index, role) => {
      if (index < 0) return []
      const tag = tags.at(index)
      const unit = tag.unit === undefined ? {} : { unit: tag.unit }
      return [
        {
          role: assets.roles[role],
          tag: tag.name,
          ...unit,
          ...newest.sample(tag),
          ...(newest.isStale(tag) && { stale: true }),
        },
      ]
    }),
  }))
}

function monitorState(monitor: Monitor, asset: string, { newest, learning }: AssetParts): MonitorState {
  const prediction = newest.prediction(monitor.name, asset)
  const isLearning = monitor.model === undefined
  const progress = Math.min(1, monitor.collected.span / monitor.settings.learn.after)
  const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null)
  const isStale = !isLearning && newest.isSilent(monitor.name, asset, paceOf(monitor))
  const detail = isStale ? noNews(prediction) : detailOf(monitor, prediction, learning)
  return {
    monitor: monitor.name,
    kind: monitor.kind,
    state: isLearning ? 'learning' : isStale ? 'unknown' : (prediction?.state ?? 'unknown'),
    score: finite(prediction?.score),
    threshold: finite(prediction?.threshold),
    health: prediction && !isStale ? healthOf(prediction.score, prediction.threshold) : null,
    model: monitor.model ?? '',
    ...(isLearning && { progress }),
    ...(detail !== undefined && { detail }),
    time: prediction?.time ?? null,
    ...(isStale && { stale: true }),
    contributions: prediction?.contributions ?? {},
    ...(prediction && !isStale && conclusionOf(prediction)),
  }
}

/** How often a monitor concludes, ms; 0 where that depends on the samples. */
export function paceOf({ settings: { window, every } }: Monitor): number {
  return typeof every === 'number' ? every : typeof window === 'number' ? window : 0
}

function noNews(prediction: Prediction | undefined): string {
  return prediction ? `no news since ${new Date(prediction.time).toISOString()}` : 'no news yet'
}

/** What the kinds beyond a score conclude. */
function conclusionOf({ value, lower, upper, label, probability }: Prediction): Partial<MonitorState> {
  const numbers = Object.entries({ value, lower, upper, probability }).flatMap(([name, number]) =>
    number === undefined ? [] : [[name, Number.isFinite(number) ? number : null]],
  )
  return { ...Object.fromEntries(numbers), ...(label !== undefined && { label }) } as Partial<MonitorState>
}

function detailOf(
  { name, model, settings }: Monitor,
  prediction: Prediction | undefined,
  learning: Learning,
): string | undefined {
  if (model === undefined) return learning.isTraining(name) ? 'training' : undefined
  const without = prediction?.missing?.join(', ')
  if (prediction?.state !== 'unknown') return without === undefined ? undefined : `judged without ${without}`
  if (prediction.coverage < settings.min_coverage) return 'too little good data in the window'
  return without === undefined ? 'the model has no opinion' : `too little is known without ${without}`
}
