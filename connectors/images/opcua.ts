import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Observable } from 'rxjs'
import type { Arrival, ConnectorContext, ImageArrival, ImageSource } from '../../agent/core/index.ts'
import type { SessionSettings, Settings } from '../opcua/settings.ts'
import { OpcuaSource } from '../opcua/source.ts'
import type { ImageReader } from './opcua-reader.ts'
import { imageTag, partTag, type OpcuaImageSettings } from './settings.ts'

/** Messages are never bounded to less, bytes: it is what servers send by themselves. */
const shortestBound = 16 * 1024 * 1024
const unsentRemedy =
  'Raise bounds.bytes of the station where the image is longer than that; else the longest message that the server sends.'

/** The server of an opcua connector, with the folder of its certificates. */
export interface ImageServer {
  readonly settings: Settings
  readonly pki: string
}

/**
 * Images as values of an OPC UA node, by subscription; reconnects by itself. A notification is acknowledged when its
 * images have their verdicts, so that what comes meanwhile waits on the server.
 */
export class OpcuaImages implements ImageSource {
  readonly #server: SessionSettings
  readonly #context: ConnectorContext
  readonly #largest: number
  readonly #file: string
  readonly #node: string
  /** The status tells of an image that could not be had. */
  #troubled = false

  constructor(settings: OpcuaImageSettings, server: ImageServer, context: ConnectorContext, largest: number) {
    this.#server = itemsOf(settings, server, largest)
    this.#node = settings.image
    this.#context = context
    this.#largest = largest
    this.#file = join(context.folder, 'newest-image')
  }

  images(): Observable<ImageArrival> {
    return new Observable((subscriber) => {
      const begin = async () => {
        const reader = await this.#reader()
        const source = new OpcuaSource(this.#server, this.#context, () => reader)
        const next = (image: ImageArrival) => subscriber.next(image)
        subscriber.add(source.batches().subscribe((arrival) => this.#handOn(reader.drain(), arrival, next)))
      }
      begin().catch((error: unknown) => subscriber.error(error))
    })
  }

  /** Loads the library of OPC UA only now. */
  async #reader(): Promise<ImageReader> {
    const { ImageReader } = await import('./opcua-reader.ts')
    const wrong = (message: string) => this.#tell(message, 'Name a node of the type ByteString under `image`.')
    const { name } = this.#context
    return new ImageReader({ name, node: this.#node, largest: this.#largest, after: readTime(this.#file), wrong })
  }

  /** Hands on the images of an arrival, which is settled with the last of them. */
  #handOn(images: readonly ImageArrival[], arrival: Arrival, next: (image: ImageArrival) => void): void {
    const { log, name } = this.#context
    for (const event of arrival.events ?? []) {
      if (event.type === 'gap') log.warn({ station: name }, `images may be missing: ${event.detail}`)
    }
    for (const { unsent } of images) {
      if (unsent === undefined) this.#recovered()
      else this.#tell(unsent, unsentRemedy)
    }
    let open = images.length
    if (open === 0) arrival.settled?.(true)
    for (const image of images) {
      const done = () => {
        if (image.unsent === undefined) this.#remember(image.time)
        if (--open === 0) arrival.settled?.(true)
      }
      next({ ...image, settled: done })
    }
  }

  #tell(message: string, remedy: string): void {
    this.#troubled = true
    this.#context.report({ state: 'degraded', message, remedy })
  }

  #recovered(): void {
    if (!this.#troubled) return
    this.#troubled = false
    this.#context.report({ state: 'up', message: `connected to ${this.#server.endpoint}` })
  }

  /** What the server sends again after a restart is not judged again. */
  #remember(time: number): void {
    writeFile(this.#file, String(time)).catch((error: unknown) => {
      this.#context.log.debug({ station: this.#context.name, error }, 'the time of the newest image is not stored')
    })
  }
}

/**
 * What the server is asked for: the part before the image, in one subscription; two values in a notification, and messages
 * long enough for two images of the largest size.
 */
function itemsOf(
  { image, part, queue, sampling, publishing }: OpcuaImageSettings,
  { settings, pki }: ImageServer,
  largest: number,
): SessionSettings {
  const tags = [
    ...(part === undefined ? [] : [{ node: part, tag: partTag, report: 'updates' as const }]),
    { node: image, tag: imageTag, report: 'updates' as const },
  ]
  const bounds = { values: 2, bytes: Math.max(shortestBound, 2 * largest + 1_000_000) }
  return { ...settings, pki, tags, queue, sampling, publishing, backfill: false, events: [], bounds }
}

function readTime(file: string): number {
  try {
    return Number.parseFloat(readFileSync(file, 'utf8'))
  } catch {
    return -Infinity
  }
}
