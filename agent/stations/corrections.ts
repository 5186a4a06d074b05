import { readFile } from 'node:fs/promises'
import { describeError, type CorrectionEvent, type Logger } from '../core/index.ts'
import { classFolders } from './image-folder.ts'
import { ImageStore } from './image-store.ts'
import type { StationSettings } from './config.ts'
import type { ImageKeeper } from './keeper.ts'
import type { JudgingModel } from './judging-model.ts'
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
  /** The model at work, and the one beside it. */
  readonly models: () => readonly JudgingModel[]
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
    if (!found.image) return named
    const learned = await this.#parts.labelled.find(event.part, found.time)
    const image = await this.#store(named, found.image, found.time)
    return {
      ...named,
      ...(image !== undefined && { image }),
      // A model may have learned from an image that was labelled before: what it says of that proves nothing.
      ...(!learned && { answers: await this.#answers(found.image) }),
    }
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

  /** From memory, or from disk where it was kept or called something before. */
  async #find({ part, of }: CorrectionEvent): Promise<{ time: number; image?: Uint8Array } | undefined> {
    const { judged, keeper, labelled } = this.#parts
    const recent = judged.find(part, of)
    if (recent?.image) return recent
    const stored = (await keeper.find(part, of ?? recent?.time)) ?? (await labelled.find(part, of ?? recent?.time))
    const image = stored && (await readFile(stored.path).catch(() => undefined))
    return stored && image ? { time: stored.time, image } : recent
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
