import { type Clock, type RejectEvent, partVerdicts, valuesModel } from '../core/index.ts'
import type { InspectionView, PartView, PictureAnswer, StationGlance, StationView } from './agent-view.ts'
import type { Training } from '../learning/index.ts'
import {
  type Gallery,
  type Inspections,
  type JudgingModel,
  type Remembered,
  defectClass,
  goodClass,
  newestKept,
} from '../stations/index.ts'
import type { StationSettings, VerdictRule } from '../settings/index.ts'
import type { ImageOutput } from '../../models/inspection/manifest.ts'

/** What is shown of the stations. */
export class InspectionsView implements InspectionView {
  readonly #inspections: Inspections
  readonly #gallery: Gallery
  readonly #clock: Clock
  readonly #training: (model: string) => Training | undefined

  /** `training`: that of a model, while there is one. */
  constructor(
    inspections: Inspections,
    gallery: Gallery,
    clock: Clock,
    training: (model: string) => Training | undefined,
  ) {
    this.#inspections = inspections
    this.#training = training
    this.#gallery = gallery
    this.#clock = clock
  }

  stations(): readonly StationGlance[] {
    return [...this.#inspections.units.values()].map(({ name: station, settings: { source }, station: own }) => {
      const { last } = this.#gallery.verdicts(station, this.#clock.now())
      const training = this.#training(station) ?? this.#training(valuesModel(station))
      return {
        station,
        ready: source === undefined || own.model !== undefined,
        judged: own.counts.judged,
        parts: partVerdicts.reduce((sum, verdict) => sum + last[verdict], 0),
        fails: last.fail,
        newest: this.#gallery.newest(station, 1)?.at(0)?.event.time ?? null,
        ...(training && { training: { step: training.step, progress: training.progress, why: training.why } }),
        revision: this.#gallery.revision(station),
      }
    })
  }

  station(name: string, limit: number, only?: 'trouble'): StationView | undefined {
    const unit = this.#inspections.units.get(name)
    if (!unit) return undefined
    const { settings, station } = unit
    const { model, counts } = station
    const signal = unit.link.status
    const newest = this.#gallery.newest(name, Math.min(limit, newestKept), only) ?? []
    return {
      station: name,
      images: settings.source !== undefined,
      source: unit.source.status ?? sourceOf(settings),
      ...(signal && { signal: { state: signal.state, message: signal.message, ...(signal.remedy !== undefined && { remedy: signal.remedy }) } }), // prettier-ignore
      model: model ? modelView(model) : null,
      learns: settings.model.type === 'learned',
      ...classesOf(settings.source ? model?.output : undefined, station.valuesJudge.model?.inspector.defects ?? [], settings.verdict), // prettier-ignore
      limits: limitsOf(settings.values),
      counts: { ...counts, waiting: station.waiting },
      ...this.#gallery.verdicts(name, this.#clock.now()),
      confusion: this.#gallery.confusion(name),
      newest: newest.map(partView),
    }
  }

  image(station: string, id: string): Promise<PictureAnswer> {
    return this.#gallery.image(station, id)
  }

  map(station: string, id: string): Promise<PictureAnswer> {
    return this.#gallery.map(station, id)
  }
}

/** What is known of a source that has said nothing yet. */
function sourceOf({ source }: StationSettings): StationView['source'] {
  if (!source) return { state: 'up', message: 'judges by what is measured' }
  if (source.type === 'http') return { state: 'up', message: 'takes images by POST' }
  return { state: 'connecting', message: 'not connected yet' }
}

function limitsOf(values: StationSettings['values']): StationView['limits'] {
  return Object.fromEntries(
    Object.entries(values).map(([name, { min, max }]) => [
      name,
      { ...(min !== undefined && { min }), ...(max !== undefined && { max }) },
    ]),
  )
}

/** How a source is that has said nothing of itself. */
function modelView({ version, output, manifest: { type, created, training } }: JudgingModel): StationView['model'] {
  return { version, method: type, concludes: output.type, created, images: training.images }
}

/**
 * What a part may be said to be, those that pass first: the classes of the model of images, else good and the defects that
 * the model of values tells apart, else good and defect.
 */
function classesOf(output: ImageOutput | undefined, defects: readonly string[], { fails, passes }: VerdictRule) {
  const others = [goodClass, ...(defects.length > 0 ? defects : [defectClass])]
  const classes = output?.type === 'classes' ? output.classes : output ? [goodClass, defectClass] : others
  const passing = classes.filter((name) => (fails ? !fails.includes(name) : passes.includes(name)))
  return { classes: [...passing, ...classes.filter((name) => !passing.includes(name))], passes: passing }
}

function partView({ id, event, hasImage, hasMap, correction, reject }: Remembered): PartView {
  const { time, part, verdict, label, score, threshold, model, ms, values, measured, reason } = event
  const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null)
  return {
    ...{ id, time, part, verdict, label, model, ms, values, reason },
    score: finite(score),
    threshold: finite(threshold),
    ...(measured && { measured: { ...measured, score: finite(measured.score) } }),
    image: hasImage,
    map: hasMap,
    ...(correction && { correction: { class: correction.class, by: correction.by, time: correction.time } }),
    ...(reject && { reject: signalView(reject) }),
  }
}

function signalView({ time, outcome, attempts, ms, detail }: RejectEvent): PartView['reject'] {
  return { time, outcome, attempts, ms, detail }
}
