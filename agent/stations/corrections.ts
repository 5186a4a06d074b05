import { type CorrectionEvent, type InspectionEvent, type Logger, describeError, readWhole } from '../core/index.ts'
import { classFolders } from './images/image-folder.ts'
import { ImageStore } from './images/image-store.ts'
import type { StationSettings } from '../settings/index.ts'
import type { ImageKeeper } from './images/keeper.ts'
import type { JudgingModel } from './images/judging-model.ts'
import { inputsOf, isComplete } from './values/measured.ts'
import type { Measured } from './values/values.ts'
import type { ValuesJudge } from './values/values-judge.ts'
import type { JudgedParts } from './judged-parts.ts'
import { classMeant, defectClass, goodClass, labelOf } from './rule.ts'

export interface CorrectionParts {
  readonly station: string
  readonly settings: StationSettings
  /** Images that people said the class of, by class. */
  readonly labelled: ImageStore
  readonly keeper: ImageKeeper
  readonly judged: JudgedParts
  readonly log: Logger
  /** The model of images at work, and the one beside it. */
  readonly models: () => readonly JudgingModel[]
  readonly valuesJudge: Pick<ValuesJudge, 'answers'>
  /** The verdict on a part that is not remembered any more. */
  readonly recall?: (part: string, time?: number) => Promise<InspectionEvent | undefined>
}

/** A part that was judged, with what is left of it. */
interface Found {
  readonly time: number
  readonly image?: Uint8Array | undefined
  readonly inputs?: Measured | undefined
}

/** Takes what people say of the parts of a station. */
export class StationCorrections {
  readonly #parts: CorrectionParts

  constructor(parts: CorrectionParts) {
    this.#parts = parts
  }

  /**
   * The event as it is to be recorded: with the verdict's time, the class as the station calls it, the image where
   * trainings find it, and what the models make of it. Or why it cannot be. The image is stored before it resolves.
   */
  async admit(event: CorrectionEvent): Promise<CorrectionEvent | string> {
    const { station, settings } = this.#parts
    const meant = classMeant(event.class, await this.#classes(), settings.verdict)
    if ('why' in meant) return `station ${station}: ${meant.why}`
    const found = await this.#find(event)
    if (!found) return `station ${station} knows no verdict on part ${event.part}${at(event)} any more, or never gave one` // prettier-ignore
    const named = { ...event, of: found.time, class: meant.class }
    const byImage = await this.#byImage(named, found)
    const byValues = await this.#byValues(named, found)
    const answers = { ...byImage.answers, ...byValues.answers }
    return { ...named, ...byImage, ...byValues, ...(Object.keys(answers).length > 0 && { answers }) }
  }

  /** Puts the image where trainings find it. */
  async #byImage(event: CorrectionEvent, { image, time }: Found): Promise<Pick<CorrectionEvent, 'image' | 'answers'>> {
    if (!image) return {}
    const learned = await this.#parts.labelled.find(event.part, time)
    const path = await this.#store(event, image, time)
    return {
      ...(path !== undefined && { image: path }),
      // A model may have learned from an image that was labelled before: what it says of that proves nothing.
      ...(!learned && { answers: await this.#answers(image) }),
    }
  }

  /** Trainings find the values in the journal. */
  async #byValues(
    { class: truth }: CorrectionEvent,
    { inputs, time }: Found,
  ): Promise<Pick<CorrectionEvent, 'measured' | 'answers'>> {
    if (!inputs) return {}
    return { measured: true, answers: await this.#parts.valuesJudge.answers({ time, values: inputs }, truth) }
  }

  /**
   * Classes that may be named: those of the model at work, or of the folder that the first one will learn from, and those
   * that images were called already. None where that is open.
   */
  async #classes(): Promise<string[]> {
    const { models, labelled, settings } = this.#parts
    const [model] = models() as readonly (JudgingModel | undefined)[]
    if (model?.output.type === 'score') return [goodClass, defectClass]
    const { images } = settings.learn
    const first = model?.output.classes ?? (images === undefined ? [] : await classFolders(images))
    return first.length === 0 ? [] : [...new Set([...first, ...(await labelled.list()).keys()])]
  }

  /** From memory, from disk where the image was kept or called something before, or from the journal. */
  async #find({ part, of }: CorrectionEvent): Promise<Found | undefined> {
    const { judged, settings } = this.#parts
    const recent = judged.find(part, of)
    const stored = recent?.image ? undefined : await this.#stored(part, of ?? recent?.time)
    const known = stored ?? recent
    if (known && (recent?.inputs || !settings.measured)) return { inputs: recent?.inputs, ...known }
    const told = await this.#parts.recall?.(part, known?.time ?? of)
    if (!told) return known
    const inputs = inputsOf(told.values, told.score, settings)
    return { time: told.time, ...known, ...(settings.measured && isComplete(inputs, settings) && { inputs }) }
  }

  async #stored(part: string, time: number | undefined): Promise<Found | undefined> {
    const { keeper, labelled } = this.#parts
    const stored = (await keeper.find(part, time)) ?? (await labelled.find(part, time))
    const image = stored && (await readWhole(stored.path).catch(() => undefined))
    return stored && image && { time: stored.time, image }
  }

  /** A full disk must not lose what somebody said: it stands without the image. */
  async #store({ part, class: name }: CorrectionEvent, image: Uint8Array, time: number): Promise<string | undefined> {
    const { labelled, log, station } = this.#parts
    try {
      const path = await labelled.store(image, name, part, time)
      await labelled.removeElsewhere(path, name)
      return path
    } catch (error) {
      log.warn({ station, part }, `an image is not there for the next training: ${describeError(error)}`)
      return undefined
    }
  }

  async #answers(image: Uint8Array): Promise<Record<string, string>> {
    const { settings } = this.#parts
    const answers: Record<string, string> = {}
    for (const { version, inspector } of this.#parts.models()) {
      const answer = await inspector.inspect(image).catch(() => undefined)
      if (answer && !('reason' in answer)) answers[version] = labelOf(answer, settings.verdict)
    }
    return answers
  }
}

function at({ of }: CorrectionEvent): string {
  return of === undefined ? '' : ` of ${new Date(of).toISOString()}`
}
