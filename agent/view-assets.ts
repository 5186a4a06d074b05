import type { Prediction, TagTable } from './core/index.ts'
import { healthOf, type AssetState, type ModelLife, type MonitorState } from './http/index.ts'
import type { Learning } from './learning.ts'
import { nextTraining } from './life-cycle.ts'
import { describeReport, type Registry } from '../models/index.ts'
import type { Monitor, Rival } from './monitor.ts'
import type { Newest } from './newest.ts'
import type { Pipeline } from './pipeline.ts'

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
      return [{ role: assets.roles[role], tag: tag.name, ...unit, ...newest.sample(tag) }]
    }),
  }))
}

function monitorState(monitor: Monitor, asset: string, { newest, learning }: AssetParts): MonitorState {
  const prediction = newest.prediction(monitor.name, asset)
  const isLearning = monitor.model === undefined
  const progress = Math.min(1, monitor.collected.span / monitor.settings.learn.after)
  const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null)
  const detail = detailOf(monitor, prediction, learning)
  return {
    monitor: monitor.name,
    kind: monitor.kind,
    state: isLearning ? 'learning' : (prediction?.state ?? 'unknown'),
    score: finite(prediction?.score),
    threshold: finite(prediction?.threshold),
    health: prediction ? healthOf(prediction.score, prediction.threshold) : null,
    model: monitor.model ?? '',
    ...(isLearning && { progress }),
    ...(detail !== undefined && { detail }),
    time: prediction?.time ?? null,
    contributions: prediction?.contributions ?? {},
    ...(prediction && conclusionOf(prediction)),
  }
}

/** What the kinds beyond a score conclude. */
function conclusionOf({ value, lower, upper, label, probability }: Prediction): Partial<MonitorState> {
  const numbers = Object.entries({ value, lower, upper, probability }).flatMap(([name, number]) =>
    number === undefined ? [] : [[name, Number.isFinite(number) ? number : null]],
  )
  return { ...Object.fromEntries(numbers), ...(label !== undefined && { label }) } as Partial<MonitorState>
}

/** Where the model of every monitor is in its life. */
export function modelLives(parts: AssetParts & { readonly registry: Registry }): Promise<ModelLife[]> {
  return Promise.all([...parts.pipeline.monitors.values()].map((monitor) => modelLife(monitor, parts)))
}

async function modelLife(
  monitor: Monitor,
  { learning, registry }: { readonly learning: Learning; readonly registry: Registry },
): Promise<ModelLife> {
  const { name, model, rival, collected, settings } = monitor
  const training = learning.training(name)
  const trial = rival?.role === 'challenger'
  const collecting = model === undefined && !training
  const { standing, drift, since } = monitor
  const next = nextTraining(standing, settings.learn.retrain)
  const versions = await versionsOf(monitor, registry)
  const others = versions.filter(({ version }) => version !== model)
  return {
    monitor: name,
    step: training ? 'training' : trial ? 'shadow' : collecting ? 'collecting' : 'active',
    ...(collecting && { progress: Math.min(1, collected.span / settings.learn.after) }),
    ...(training
      ? { progress: training.progress, detail: `${training.step} (${training.why})` }
      : standing.drift !== undefined && { detail: `drift: ${standing.drift}` }),
    ...(model !== undefined && { active: model, ...(!Number.isNaN(since) && { since }) }),
    ...(monitor.learns && model !== undefined && next !== undefined && { nextTraining: next }),
    ...(drift && { drift }),
    versions,
    actions: monitor.learns
      ? [
          ...(training ? [] : (['retrain'] as const)),
          ...(others.length > 0 ? (['promote'] as const) : []),
          ...(model !== undefined && others.length > 0 ? (['rollback'] as const) : []),
        ]
      : [],
  }
}

/** The versions in the registry, newest first; the one at work and its rival with what their comparison has shown so far. */
async function versionsOf({ name, model, rival }: Monitor, registry: Registry): Promise<ModelLife['versions']> {
  const entries = (await registry.list(name)).reverse()
  return Promise.all(
    entries.map(async ({ version, manifest, problem }) => {
      const side = version === model ? 0 : version === rival?.version ? 1 : undefined
      const trial = side !== undefined && rival ? figuresOf(rival, side) : {}
      const challenges = side === 1 && rival?.role === 'challenger'
      const report = await registry.report(name, version)
      return {
        version,
        state: problem !== undefined ? 'failed' : side === 0 ? 'active' : challenges ? 'shadow' : 'retired',
        ...(manifest && { created: manifest.created }),
        figures: { ...manifest?.metrics, ...trial },
        report: problem ?? (report ? describeReport(report) : ''),
      } as const
    }),
  )
}

function figuresOf({ trial }: Rival, side: 0 | 1): Record<string, number> {
  const { merit, figures } = trial.state.merit[side]
  return Object.fromEntries(Object.entries({ merit, ...figures }).filter(([, value]) => Number.isFinite(value)))
}

function detailOf(
  { name, model, settings }: Monitor,
  prediction: Prediction | undefined,
  learning: Learning,
): string | undefined {
  if (model === undefined) return learning.isTraining(name) ? 'training' : undefined
  if (prediction?.state !== 'unknown') return undefined
  return prediction.coverage < settings.min_coverage ? 'too little good data in the window' : 'the model has no opinion'
}
