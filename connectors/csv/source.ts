import { Observable } from 'rxjs'
import {
  MillwrightError,
  describeError,
  emptyBatch,
  type Arrival,
  type ConnectorContext,
  type Source,
} from '../../agent/core/index.ts'
import { filesOf } from './files.ts'
import { Growing } from './growing.ts'
import { ReadMemory } from './memory.ts'
import { readCsv, type FileArrival, type FileProgress } from './read.ts'
import { ReadReport } from './report.ts'
import type { ReadSettings } from './settings.ts'

/** Batches handed over and not settled yet; then the file waits. */
const mostUnsettled = 8
/** Pause before batches that could not be stored are handed over again, in ms. */
const pause = 1_000

/** Files as a source: read once, no faster than its batches are stored, and complete at their end; remembered over restarts. */
export class CsvSource implements Source {
  readonly #settings: ReadSettings
  readonly #context: ConnectorContext
  #ended: Promise<void> = Promise.resolve()

  constructor(settings: ReadSettings, context: ConnectorContext) {
    this.#settings = settings
    this.#context = context
  }

  batches(): Observable<Arrival> {
    return new Observable((subscriber) => {
      const stop = new AbortController()
      const context = this.#context
      this.#ended = this.#run(stop.signal, (arrival) => subscriber.next(arrival)).then(
        (message) => {
          if (stop.signal.aborted) return
          context.report({ state: 'up', message })
          subscriber.complete()
        },
        (error: unknown) => {
          if (stop.signal.aborted) return
          const remedy = error instanceof MillwrightError ? error.remedy : undefined
          context.report({ state: 'down', message: describeError(error), ...(remedy !== undefined && { remedy }) })
          subscriber.error(error)
        },
      )
      return () => stop.abort()
    })
  }

  closed(): Promise<void> {
    return this.#ended
  }

  /** Resolves with what to say at the end. */
  async #run(signal: AbortSignal, emit: (arrival: Arrival) => void): Promise<string> {
    const context = this.#context
    const { name, folder, tags, log } = context
    const what = [this.#settings.read ?? []].flat().join(', ')
    context.report({ state: 'up', message: `reading ${what}` })
    const leftOut = (file: string) => log.warn({ file }, 'a symbolic link is not followed: put the file itself there')
    const files = (await filesOf(this.#settings.read ?? [], leftOut)).map(({ path }) => path)
    const memory = await ReadMemory.load(folder, files)
    const before = memory.whole
    const growing = new Growing(this.#settings, () => context.clock.now())
    const handOver = new HandOver(emit, (progress) => memory.note(progress), signal)
    let last = -Infinity
    let samples = 0
    try {
      for (;;) {
        const report = new ReadReport()
        await growing.look(files.filter((file) => !memory.whole.has(file)))
        const options = { report, done: memory.done, skip: memory.whole, mayGrow: growing.mayGrow }
        for await (const arrival of readCsv(this.#settings, tags, name, options)) {
          await handOver.give(arrival)
          if (signal.aborted) return ''
        }
        samples += report.samples
        last = Math.max(last, report.last)
        if (growing.held.size === 0) break
        await handOver.settle(0)
        await memory.ended(files.filter((file) => !growing.held.has(file)))
        log.info({ files: [...growing.held] }, 'the end of files is waited for')
        context.report({ state: 'up', message: `${[...growing.held].join(', ')} may still grow: what ends there is read when it does, or when nothing was added for \`finished_after\`` }) // prettier-ignore
        await growing.changed(signal)
        if (signal.aborted) return ''
      }
      // The last windows of a file would wait for ever: its own rows are all that makes its time pass.
      const end = { ...emptyBatch(name, Math.max(context.clock.now(), last)), paced: true }
      if (samples > 0) await handOver.give({ batch: end, progress: new Map() })
      await handOver.settle(0)
    } finally {
      await memory.settled()
    }
    if (signal.aborted) return ''
    await memory.ended(files)
    if (files.every((file) => before.has(file))) return `${what} was read to its end before; nothing has come since`
    log.info({ files: files.length, samples }, 'read to the end')
    return `${what} has been read to its end: ${samples} samples`
  }
}

/** An arrival on its way to the disk. */
interface Sent {
  readonly arrival: FileArrival
  stored: boolean
}

/** Hands batches over, and again where they could not be stored; keeps count of those not settled, and tells what is stored. */
class HandOver {
  readonly #emit: (arrival: Arrival) => void
  readonly #stored: (progress: FileArrival['progress']) => Promise<void>
  readonly #signal: AbortSignal
  #unsettled = 0
  readonly #sent: Sent[] = []
  #refused: Sent[] = []
  #wake: () => void = () => undefined
  #failure: Error | undefined

  constructor(
    emit: (arrival: Arrival) => void,
    stored: (progress: FileArrival['progress']) => Promise<void>,
    signal: AbortSignal,
  ) {
    this.#emit = emit
    this.#stored = stored
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake())
  }

  /** Resolves when there is room for the next one. */
  async give(arrival: FileArrival): Promise<void> {
    const sent = { arrival, stored: false }
    this.#sent.push(sent)
    this.#send(sent)
    await this.settle(mostUnsettled - 1)
  }

  /** Resolves when no more than `most` are unsettled, and none waits to be handed over again. */
  async settle(most: number): Promise<void> {
    while (!this.#signal.aborted) {
      if (this.#failure) throw this.#failure
      if (this.#refused.length > 0 && this.#unsettled === 0) await this.#again()
      else if (this.#refused.length > 0 || this.#unsettled > most)
        await new Promise<void>((resolve) => (this.#wake = resolve))
      else return
    }
  }

  async #again(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pause)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    if (this.#signal.aborted) return
    for (const sent of this.#refused.splice(0)) this.#send(sent)
  }

  #send(sent: Sent): void {
    const { batch, rejected, events } = sent.arrival
    this.#unsettled++
    let told = false
    this.#emit({
      batch,
      ...(rejected && { rejected }),
      ...(events && { events }),
      settled: (stored) => {
        if (told) return
        told = true
        this.#unsettled--
        sent.stored = stored
        if (!stored) this.#refused.push(sent)
        this.#tell()
        this.#wake()
      },
    })
  }

  /** What is stored counts only when all before it is: nothing may be left out after a crash. */
  #tell(): void {
    const progress = new Map<string, FileProgress>()
    while (this.#sent.at(0)?.stored)
      for (const [file, read] of this.#sent.shift()!.arrival.progress) progress.set(file, read)
    if (progress.size === 0) return
    this.#stored(progress).catch((error: unknown) => {
      this.#failure ??= error as Error
      this.#wake()
    })
  }
}
