// Longer than others: one image or part from arrival to verdict, with what waits for it.
import { join } from 'node:path'
import type { Subscription } from 'rxjs'
import { outsideProblem, type ImageProblem, type Region } from '../../models/inspection/decode.ts'
import type { ImageAnswer } from '../../models/inspection/inspector.ts'
import { inspectionEvent, unusableLetter, type Conclusion } from './conclusion.ts'
import { ImageStore } from './images/image-store.ts'
import type { StationCounts, StationParts } from './station-parts.ts'
import { StationCorrections } from './corrections.ts'
import { ImageKeeper } from './images/keeper.ts'
import { inputsOf, isComplete, type PartFindings } from './values/measured.ts'
import type { Workplace } from './life/models.ts'
import type { JudgingModel } from './images/judging-model.ts'
import { JudgedParts, type JudgedPart } from './judged-parts.ts'
import { BoundedQueue } from './queue.ts'
import { rule, type Ruling } from './rule.ts'
import { Shadow } from './life/shadow.ts'
import { PartValues, type Measured, type Opened } from './values/values.ts'
import { ValuesJudge } from './values/values-judge.ts'
import {
  type Batch,
  type CorrectionEvent,
  type FeatureBatch,
  type ImageArrival,
  type ImageRoom,
  DetectorError,
  describeError,
} from '../core/index.ts'

interface Waiting {
  readonly arrival: ImageArrival
  readonly received: number
}

/** Parts that may wait for their measured values at once, with their images. */
const mostWaiting = 256

/**
 * A station at work: takes images, judges them in the workers, joins measured values, stores a verdict for each. Images
 * that come faster than they are judged wait in a bounded queue; what is dropped is counted.
 */
export class Station implements Workplace<JudgingModel> {
  /** Judges by the values of parts. */
  readonly valuesJudge: ValuesJudge
  /** What people may see of its images; undefined: all. */
  readonly shown: Region | undefined
  readonly #parts: StationParts
  readonly #queue: BoundedQueue<Waiting>
  readonly #values: PartValues
  readonly #keeper: ImageKeeper
  readonly #judged: JudgedParts
  readonly #corrections: StationCorrections
  #model: JudgingModel | undefined
  #rival: JudgingModel | undefined
  #shadow: Shadow<Uint8Array> | undefined
  readonly #counts = { received: 0, judged: 0, dropped: 0, unusable: 0, repeated: 0 }
  readonly #underWay = new Set<Promise<void>>()
  /** Images that are being decoded and judged now. */
  #judging = 0
  #subscription: Subscription | undefined
  #stopping = false
  /** Parts without images that have no verdict yet. */
  readonly #open = new Set<string>()

  constructor(parts: StationParts) {
    const { settings, folder, tags } = parts
    this.#parts = parts
    const { length, memory, when_full: whenFull } = settings.queue
    const weight = { most: memory, of: ({ arrival }: Waiting) => arrival.image.length }
    this.#queue = new BoundedQueue({ length, weight, whenFull }, ({ arrival }) => {
      this.#counts.dropped++
      parts.metrics.count('inspections_dropped_total', 1, { station: parts.name })
      arrival.settled?.(false)
    })
    this.#values = new PartValues(settings, tags)
    this.#values.opened.subscribe((opened) => this.#opened(opened))
    const { outside, faces } = settings.keep
    this.shown = outside === 'black' ? settings.region : undefined
    const strip = (image: Uint8Array) => parts.strip(image, this.shown, faces === 'removed')
    this.#keeper = new ImageKeeper({ ...parts, folder: join(folder, 'images'), settings: settings.keep, strip })
    this.#judged = new JudgedParts(settings.keep.recent)
    this.valuesJudge = new ValuesJudge({ station: parts.name, settings, log: parts.log, record: parts.record })
    this.#corrections = new StationCorrections({
      station: parts.name,
      settings,
      labelled: new ImageStore(labelledFolder(folder), { size: settings.learn.keep, strip }),
      keeper: this.#keeper,
      judged: this.#judged,
      log: parts.log,
      models: () => [this.#model, this.#rival].filter((model) => model !== undefined),
      valuesJudge: this.valuesJudge,
      ...(parts.recall && { recall: parts.recall }),
    })
  }

  get counts(): StationCounts {
    return { ...this.#counts }
  }

  /** Images that wait. */
  get waiting(): number {
    return this.#queue.length
  }

  get model(): JudgingModel | undefined {
    return this.#model
  }

  /** The image of a part that was judged, by the time it was taken; undefined where memory had to be made. */
  imageOf(part: string, time: number): Uint8Array | undefined {
    return this.#judged.find(part, time)?.image
  }

  use(model: JudgingModel | undefined): void {
    this.#model = model
  }

  challenge(model: JudgingModel | undefined, failed: (version: string, why: string) => void): void {
    const { name: station, settings, record, log } = this.#parts
    if (model === this.#rival) return
    const fails = async (image: Uint8Array) => {
      const answer = await model!.inspector.inspect(image)
      return 'reason' in answer ? undefined : rule(answer, settings.verdict).verdict === 'fail'
    }
    this.#rival = model
    this.#shadow = model && new Shadow({ station, version: model.version, most: 2 * settings.workers, fails, record, log, failed }) // prettier-ignore
  }

  /** The event of a correction as it is to be recorded, or why it cannot be. */
  correct(event: CorrectionEvent): Promise<CorrectionEvent | string> {
    return this.#corrections.admit(event)
  }

  start(): void {
    this.#subscription = this.#parts.source?.images(() => this.#room()).subscribe((arrival) => this.#arrived(arrival))
  }

  /** Takes samples, for the measured values of parts. */
  measured(batch: Batch): void {
    this.#values.take(batch)
  }

  /** Takes the windows of a monitor that closed. */
  windowed(monitor: string, features: FeatureBatch): void {
    this.#values.takeWindows(monitor, features)
  }

  /** Takes no more images, waits for no more values; resolves when those in hand have their verdicts. */
  async stop(): Promise<void> {
    this.#subscription?.unsubscribe()
    this.#stopping = true
    this.#values.release()
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    await this.#shadow?.idle()
    await this.valuesJudge.idle()
    await this.#keeper.idle()
  }

  #room(): ImageRoom {
    const { length, memory } = this.#parts.settings.queue
    return { images: length - this.#queue.length, bytes: memory - this.#queue.weight }
  }

  #arrived(arrival: ImageArrival): void {
    this.#counts.received++
    this.#queue.add({ arrival, received: performance.now() })
    this.#next()
  }

  /** A part without an image came to a place of the station; while it waits for values it may come to others. */
  #opened(opened: Opened): void {
    const { part } = opened
    if (this.#open.has(part) || this.#parts.judgedBefore?.(opened)) return
    this.#counts.received++
    this.#open.add(part)
    this.#follow(this.#judgeValues(opened).finally(() => this.#open.delete(part)))
  }

  /** A worker decodes one image while it judges another: two each are in hand. */
  #next(): void {
    while (this.#judging < 2 * this.#parts.settings.workers) {
      const waiting = this.#queue.take()
      if (!waiting) return
      this.#judging++
      this.#follow(this.#judge(waiting))
    }
  }

  #follow(work: Promise<void>): void {
    const judging = work
      .catch((error: unknown) => {
        this.#parts.log.error({ station: this.#parts.name }, `a part has no verdict: ${describeError(error)}`)
      })
      .finally(() => this.#underWay.delete(judging))
    this.#underWay.add(judging)
  }

  async #judge(waiting: Waiting): Promise<void> {
    const { arrival, received } = waiting
    const model = this.#model
    const answer = await this.#ask(arrival, model)
    const part = this.#partOf(arrival)
    const judged = this.#judged.add(part, arrival.time, arrival.image)
    if (answer && 'reason' in answer) return this.#unusable(arrival, part, answer, received)
    const image: Ruling = answer
      ? rule(answer, this.#parts.settings.verdict)
      : { verdict: 'operator', reason: 'the station has no model yet', threshold: null }
    const { time } = arrival
    if (model && answer) this.#shadow?.look(arrival.image, { part, time, version: model.version, fails: image.verdict === 'fail' }) // prettier-ignore
    const found = await this.#weigh(part, { time, image, ...(answer && { answer }) }, judged)
    await this.#conclude(arrival, part, received, found)
    this.#counts.judged++
  }

  async #judgeValues({ part, time }: Opened): Promise<void> {
    const received = performance.now()
    if (this.#judged.has(part)) this.#counts.repeated++
    const judged = this.#judged.add(part, time)
    const image: Ruling = { verdict: 'pass', reason: '', threshold: null }
    await this.#conclude({ time }, part, received, await this.#weigh(part, { time, image }, judged))
    this.#counts.judged++
  }

  /** What is to be said of a part, once its values are there. */
  async #weigh(part: string, seen: Omit<PartFindings, 'values'>, judged: JudgedPart): Promise<Conclusion> {
    const { settings } = this.#parts
    const { answer } = seen
    const values = await this.#valuesOf(part, seen.time)
    const inputs = inputsOf(values, answer?.score, settings)
    if (settings.measured && isComplete(inputs, settings)) judged.inputs = inputs
    return { ...(await this.valuesJudge.judge(part, { ...seen, values })), values, ...(answer && { answer }) }
  }

  /** The model's answer; the next image may follow while this one waits for its measured values. */
  async #ask(
    { image, unsent, refused }: ImageArrival,
    model: JudgingModel | undefined,
  ): Promise<ImageAnswer | ImageProblem | undefined> {
    try {
      if (refused) return refused
      if (unsent !== undefined) return { reason: 'oversized', detail: unsent }
      return outsideProblem(image, this.#parts.settings.bounds) ?? (await model?.inspector.inspect(image))
    } catch (error) {
      if (error instanceof DetectorError && error.code === 'WORKER_DIED')
        return { reason: 'quarantined', detail: describeError(error) }
      throw error
    } finally {
      this.#judging--
      this.#next()
    }
  }

  /** Where too many parts wait already, the verdict does not wait: memory is bounded before patience is. */
  #valuesOf(part: string, time: number): Promise<Measured> {
    const hurry = this.#stopping || this.#underWay.size > mostWaiting
    return this.#values.of(part, time, hurry ? Promise.resolve() : patience(this.#parts.settings.timeout))
  }

  async #conclude(
    { time, image, settled }: Pick<ImageArrival, 'time'> & Partial<ImageArrival>,
    part: string,
    received: number,
    found: Conclusion,
  ): Promise<void> {
    const { name: station, metrics, source } = this.#parts
    const { ruling } = found
    const ms = performance.now() - received
    this.#parts.signal?.decided(part, ruling.verdict)
    metrics.count('inspections_total', 1, { station, verdict: ruling.verdict })
    metrics.observe('inspection_seconds', ms / 1000, { station })
    const kept = image && this.#keeper.keep(image, ruling.verdict, part, time)
    const event = inspectionEvent(
      { time, station, part, ms, ...(kept !== undefined && { image: kept }) },
      found,
      source,
    )
    await this.#parts.record(event, found.answer)
    settled?.(true)
  }

  async #unusable(arrival: ImageArrival, part: string, problem: ImageProblem, received: number): Promise<void> {
    const { clock, name } = this.#parts
    this.#counts.unusable++
    await this.#parts.reject(unusableLetter(arrival, problem, name, clock.now()))
    const ruling: Ruling = { verdict: 'unusable', reason: problem.detail, threshold: null }
    await this.#conclude(arrival, part, received, { ruling, values: {} })
  }

  /** The image's part id, else that of the tag, else its time. An id that comes again keeps its name: both verdicts stand, and it is counted. */
  #partOf({ part, time }: ImageArrival): string {
    const id = part ?? this.#values.partAt(time) ?? new Date(time).toISOString()
    if (this.#judged.has(id)) this.#counts.repeated++
    return id
  }
}

/** Where a station keeps the images that people said the class of: one folder per class. `folder`: that of the station. */
export function labelledFolder(folder: string): string {
  return join(folder, 'labelled')
}

function patience(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
