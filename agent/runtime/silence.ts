import type { SilenceEvent } from '../core/index.ts'
import type { Pipeline } from '../pipeline/index.ts'
import { paceOf, type Newest } from '../view/index.ts'

/** ms between two looks. */
const every = 5_000

export interface SilenceOptions {
  readonly pipeline: () => Pipeline
  readonly newest: Newest
  /** Stores what is told; it is not waited for. */
  readonly tell: (silence: Pick<SilenceEvent, 'monitor' | 'asset' | 'kind' | 'since'>) => void
}

/** Watches whether monitors still conclude, and tells once of each asset where one does not: nobody is to trust its last word. */
export class SilenceWatch {
  readonly #options: SilenceOptions
  readonly #told = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: SilenceOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), every)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  look(): void {
    const { pipeline, newest, tell } = this.#options
    const { monitors, classes } = pipeline()
    for (const monitor of monitors.values()) {
      if (monitor.model === undefined) continue
      for (const { name: asset } of classes.get(monitor.settings.assets)?.assets ?? []) {
        const key = `${monitor.name}\n${asset}`
        const isSilent = newest.isSilent(monitor.name, asset, paceOf(monitor))
        if (isSilent && !this.#told.has(key)) {
          const since = newest.prediction(monitor.name, asset)?.time
          tell({ monitor: monitor.name, asset, kind: monitor.kind, ...(since !== undefined && { since }) })
        }
        if (isSilent) this.#told.add(key)
        else this.#told.delete(key)
      }
    }
  }
}
