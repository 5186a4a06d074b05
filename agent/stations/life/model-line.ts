import { readOwnImageModel } from '../../../models/inspection/bundle.ts'
import type { ImageRegistry } from '../../../models/inspection/registry.ts'
import { type Config, monitorModels, type StationSettings } from '../../settings/index.ts'
import { type Clock, type JournalEvent, type Logger, valuesModel } from '../../core/index.ts'
import { openModel, type JudgingModel } from '../images/judging-model.ts'
import { StationLearner, type StationLearnerParts } from './learner.ts'
import { StationLife } from './life.ts'
import { StationModels, type OpenModel, type Workplace } from './models.ts'
import { openValuesModel, type ValuesModel } from '../values/values-model.ts'

export interface LineParts {
  readonly config: Pick<Config, 'data' | 'models'>
  readonly registry: ImageRegistry
  readonly clock: Clock
  readonly log: Logger
  /** Where models are in their lives, as the pipeline has it now. */
  readonly lives: () => ReadonlyMap<string, StationLife>
  readonly record: (event: JournalEvent) => Promise<void>
}

interface Line {
  /** Of the model: that of the station, or `valuesModel` of it. */
  readonly name: string
  readonly models: Pick<StationModels<OpenModel>, 'follow' | 'close'>
  /** Versions in the registry, oldest first. */
  readonly versions: () => Promise<readonly string[]>
  /** Puts a network of the user's own to work, which has no versions. */
  readonly useOwn?: () => Promise<void>
  /** Whether parts may come before the pipeline has caught up. */
  readonly early: boolean
  /** Absent: the agent does not train it. */
  readonly learner?: StationLearner
}

/** One of the models of a station: that of its images, or that of its values. Lets the version judge that its life says. */
export class ModelLine {
  readonly #line: Line
  readonly #parts: LineParts
  #begun: boolean

  constructor(line: Line, parts: LineParts) {
    this.#line = line
    this.#parts = parts
    this.#begun = line.early
  }

  get name(): string {
    return this.#line.name
  }

  get learner(): StationLearner | undefined {
    return this.#line.learner
  }

  /** Before samples come. */
  async open(): Promise<void> {
    if (this.#line.early) await this.#follow(await this.#newest())
  }

  /** Once the pipeline has caught up. */
  async start(): Promise<void> {
    this.#begun = true
    if (this.#line.useOwn) await this.#line.useOwn()
    else await this.#follow(await this.#recordNewest())
  }

  /** The model has taken a step in its life. */
  stepped(): void {
    if (this.#begun) void this.#follow()
  }

  close(): Promise<void> {
    return this.#line.models.close()
  }

  /** Works with the versions that the model's life says now; with `first` where that says none. */
  async #follow(first?: string): Promise<void> {
    const life = this.#parts.lives().get(this.name)
    await this.#line.models.follow({ active: life?.model ?? first, rival: life?.rival?.version })
  }

  /** What a station without a model begins with: the newest of the registry. */
  async #newest(): Promise<string | undefined> {
    if (this.#parts.lives().get(this.name)?.model !== undefined) return undefined
    return (await this.#line.versions()).at(-1)
  }

  /** The same, as a record, so that it is known after a restart. */
  async #recordNewest(): Promise<string | undefined> {
    const version = await this.#newest()
    if (version === undefined) return undefined
    const event = { type: 'model', time: this.#parts.clock.now(), monitor: this.name, step: 'active', version } as const
    await this.#parts.record({ ...event, detail: 'newest in the registry' })
    return version
  }
}

/** The model of a station's images. */
export function imageLine(
  name: string,
  settings: StationSettings,
  workplace: Workplace<JudgingModel>,
  parts: LineParts,
): ModelLine {
  const { log, registry } = parts
  const versions = () => registry.versions(name)
  const died = (how: string) =>
    log.error({ station: name }, `a process that judges images ${how}; another takes its place`)
  const open = async (version: string) => openModel(await registry.load(name, version), settings, died)
  const models = new StationModels<JudgingModel>({ name, workplace, versions, open, log })
  const { model, learn } = settings
  if (model.type !== 'learned') {
    const useOwn = () => models.useOwn(async () => openModel(await readOwnImageModel(model, name), settings, died))
    return new ModelLine({ name, models, versions, useOwn, early: false }, parts)
  }
  const learner = learnerOf(parts, {
    ...{ name, settings, models },
    material: () => (learn.images === undefined ? undefined : 'there is a folder of images to learn from'),
    collected: ({ corrections }) => corrections / learn.corrections,
  })
  return new ModelLine({ name, models, versions, early: false, learner }, parts)
}

/** The model of a station's measured values. */
export function valuesLine(
  station: string,
  settings: StationSettings,
  workplace: Workplace<ValuesModel>,
  parts: LineParts,
): ModelLine {
  const name = valuesModel(station)
  const registry = monitorModels(parts.config)
  const versions = () => registry.versions(name)
  const open = async (version: string) => openValuesModel(await registry.load(name, version), settings)
  const models = new StationModels<ValuesModel>({ name, workplace, versions, open, log: parts.log })
  const { parts: enough, corrections } = settings.learn
  const good = settings.measured?.model.type === 'anomaly'
  const learner = learnerOf(parts, {
    ...{ name, settings, models },
    material: ({ collected }) => (good && collected >= enough ? `${collected} parts were measured` : undefined),
    collected: (life) => (good ? life.collected / enough : life.corrections / corrections),
  })
  return new ModelLine({ name, models, versions, early: true, learner }, parts)
}

function learnerOf({ clock, lives }: LineParts, own: Omit<StationLearnerParts, 'clock' | 'life'>): StationLearner {
  return new StationLearner({ ...own, clock, life: () => lives().get(own.name) ?? new StationLife() })
}
