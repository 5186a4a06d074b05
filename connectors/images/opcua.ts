import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Observable } from 'rxjs'
import type { Arrival, ConnectorContext, ImageArrival, ImageSource } from '../../agent/core/index.ts'
import type { Settings } from '../opcua/settings.ts'
import { OpcuaSource } from '../opcua/source.ts'
import type { ImageReader } from './opcua-reader.ts'
import { imageTag, partTag, type OpcuaImageSettings } from './settings.ts'

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
  readonly #server: Settings
  readonly #context: ConnectorContext
  readonly #largest: number
  readonly #file: string

  constructor(settings: OpcuaImageSettings, server: ImageServer, context: ConnectorContext, largest: number) {
    this.#server = itemsOf(settings, server)
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
    const remedy = 'Name a node of the type ByteString under `image`.'
    const wrong = (message: string) => this.#context.report({ state: 'degraded', message, remedy })
    return new ImageReader({ name: this.#context.name, largest: this.#largest, after: readTime(this.#file), wrong })
  }

  /** Hands on the images of an arrival, which is settled with the last of them. */
  #handOn(images: readonly ImageArrival[], arrival: Arrival, next: (image: ImageArrival) => void): void {
    const { log, name } = this.#context
    for (const event of arrival.events ?? []) {
      if (event.type === 'gap') log.warn({ station: name }, `images may be missing: ${event.detail}`)
    }
    let open = images.length
    if (open === 0) arrival.settled?.(true)
    for (const image of images) {
      const done = () => {
        this.#remember(image.time)
        if (--open === 0) arrival.settled?.(true)
      }
      next({ ...image, settled: done })
    }
  }

  /** What the server sends again after a restart is not judged again. */
  #remember(time: number): void {
    writeFile(this.#file, String(time)).catch((error: unknown) => {
      this.#context.log.debug({ station: this.#context.name, error }, 'the time of the newest image is not stored')
    })
  }
}

/** What the server is asked for: the part before the image, in one subscription. */
function itemsOf(
  { image, part, queue, sampling, publishing }: OpcuaImageSettings,
  { settings, pki }: ImageServer,
): Settings {
  const tags = [
    ...(part === undefined ? [] : [{ node: part, tag: partTag, report: 'updates' as const }]),
    { node: image, tag: imageTag, report: 'updates' as const },
  ]
  return { ...settings, pki, tags, queue, sampling, publishing, backfill: false }
}

function readTime(file: string): number {
  try {
    return Number.parseFloat(readFileSync(file, 'utf8'))
  } catch {
    return -Infinity
  }
}
