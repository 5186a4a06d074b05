import { describeReport, type BundleRegistry } from '../../models/index.ts'
import type { ModelLife } from './agent-view.ts'
import { type Learner, type Learning, type Shelf, nextTraining } from '../learning/index.ts'
import { type Monitor, MonitorLearner, type Pipeline, countedFrom } from '../pipeline/index.ts'
import type { StationLearner, StationStanding } from '../stations/index.ts'

export interface ModelParts {
  readonly pipeline: Pipeline
  readonly learning: Learning
  /** Models of stations that the agent trains, by name. */
  readonly stationLearners: ReadonlyMap<string, StationLearner>
  readonly shelf: (name: string) => Shelf
}

type Figures = Readonly<Record<string, number>>

/** What monitors and stations tell of their models. */
interface Told extends Pick<Learner, 'name' | 'learns' | 'model' | 'rival'> {
  /** While there is no model: the share of what is needed that was collected, 0 to 1. */
  readonly collected: number
  readonly detail?: string
  /** What the page shows as it is. */
  readonly facts: Pick<ModelLife, 'since' | 'nextTraining' | 'drift'>
  /** Of the comparison under way: of the model at work, and of the one beside it. */
  readonly figures: readonly [Figures, Figures] | undefined
}

/** Where the model of every monitor and station is in its life. */
export function modelLives(parts: ModelParts): Promise<ModelLife[]> {
  const monitors = [...parts.pipeline.monitors.values()].map(toldByMonitor)
  const stations = [...parts.stationLearners.values()].map(toldByStation)
  return Promise.all([...monitors, ...stations].map((told) => lifeOf(told, parts)))
}

function toldByMonitor(monitor: Monitor): Told {
  const { name, learns, model, rival, collected, settings, standing, since, drift } = monitor
  const next = learns && model !== undefined ? nextTraining(settings.learn.retrain, countedFrom(standing)) : undefined
  const said = [
    learns ? new MonitorLearner(monitor).overdue : undefined,
    standing.drift && `drift: ${standing.drift}`,
  ].filter(Boolean)
  return {
    ...{ name, learns, model, rival },
    facts: {
      ...(model !== undefined && !Number.isNaN(since) && { since }),
      ...(next !== undefined && { nextTraining: next }),
      ...(drift && { drift }),
    },
    collected: collected.span / settings.learn.after,
    ...(said.length > 0 && { detail: said.join('; ') }),
    figures: rival && merits(rival.trial.state.merit),
  }
}

function toldByStation({ name, learns, model, rival, collected, standing, life }: StationLearner): Told {
  const trial = standing.rival?.trial
  return {
    ...{ name, learns, model, rival },
    collected,
    detail: stationWords(standing, life.collected),
    facts: {},
    figures:
      trial &&
      merits([0, 1].map((side) => ({ merit: trial.merit[side], figures: { fails: trial.fails[side], parts: trial.parts } }))), // prettier-ignore
  }
}

function stationWords({ model, corrections, problem, fallback, rival }: StationStanding, collected: number): string {
  if (problem !== undefined) return fallback === undefined ? problem : `${problem}; ${fallback} judges in its place`
  if (rival)
    return `${rival.trial.parts} parts seen by both models, ${rival.trial.labelled} of them judged by operators`
  const measured = model === undefined && collected > 0 ? `${collected} parts measured, ` : ''
  return `${measured}${corrections} verdicts by operators since the last training`
}

function merits(sides: readonly { readonly merit: number; readonly figures: Figures }[]): [Figures, Figures] {
  const [active, rival] = sides.map(({ merit, figures }) =>
    Object.fromEntries(Object.entries({ merit, ...figures }).filter(([, value]) => Number.isFinite(value))),
  )
  return [active, rival]
}

async function lifeOf(told: Told, { learning, shelf }: ModelParts): Promise<ModelLife> {
  const { name, model, rival, learns, collected, detail, facts } = told
  const training = learning.training(name)
  const collecting = model === undefined && !training
  const versions = await versionsOf(told, shelf(name).registry)
  const others = versions.filter(({ version }) => version !== model)
  return {
    monitor: name,
    step: training ? 'training' : rival?.role === 'challenger' ? 'shadow' : collecting ? 'collecting' : 'active',
    ...(collecting && { progress: Math.min(1, collected) }),
    ...(training
      ? { progress: training.progress, detail: `${training.step} (${training.why})` }
      : detail !== undefined && { detail }),
    ...(model !== undefined && { active: model }),
    ...facts,
    versions,
    actions: learns
      ? [
          ...(training ? [] : (['retrain'] as const)),
          ...(others.length > 0 ? (['promote'] as const) : []),
          ...(model !== undefined && others.length > 0 ? (['rollback'] as const) : []),
        ]
      : [],
  }
}

/** The versions in the registry, newest first; the one at work and its rival with what their comparison has shown so far. */
async function versionsOf(
  { name, model, rival, figures }: Told,
  registry: BundleRegistry,
): Promise<ModelLife['versions']> {
  const entries = (await registry.list(name)).reverse()
  return Promise.all(
    entries.map(async ({ version, manifest, card = '', problem }) => {
      const side = version === model ? 0 : version === rival?.version ? 1 : undefined
      const challenges = side === 1 && rival?.role === 'challenger'
      const report = await registry.report(name, version)
      return {
        version,
        state: problem !== undefined ? 'failed' : side === 0 ? 'active' : challenges ? 'shadow' : 'retired',
        ...(manifest && { created: manifest.created }),
        figures: { ...manifest?.metrics, ...(side !== undefined && figures?.[side]) },
        report: problem ?? (report ? describeReport(report) : card),
      } as const
    }),
  )
}
