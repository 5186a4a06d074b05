import { open, rename } from 'node:fs/promises'
import { headers, predictionRow } from '../../connectors/csv/index.ts'
import type { DecisionEvent, JournalRecord, ModelEvent } from '../core/index.ts'
import { Episodes } from '../replay/index.ts'

/** Gathers what a replay leads to; the predictions in a file, if one is named, under another name until it is whole. */
export class Results {
  predictions = 0
  alarms = 0
  readonly steps: ModelEvent[] = []
  /** What actions would have done. */
  readonly decisions: DecisionEvent[] = []
  readonly episodes = new Episodes()
  readonly #path: string
  readonly #handle: Awaited<ReturnType<typeof open>> | undefined
  #lines: string[] = [headers.predictions]

  private constructor(path: string, handle?: Awaited<ReturnType<typeof open>>) {
    this.#path = path
    this.#handle = handle
  }

  static async open(path: string | undefined): Promise<Results> {
    return path === undefined ? new Results('') : new Results(path, await open(`${path}.part`, 'w'))
  }

  async write(records: readonly JournalRecord[]): Promise<void> {
    this.episodes.take(records)
    for (const record of records) {
      if (record.kind === 'predictions') {
        this.predictions += record.predictions.length
        if (this.#handle) for (const prediction of record.predictions) this.#lines.push(predictionRow(prediction))
      } else if (record.kind === 'event' && record.event.type === 'alarm' && record.event.change === 'raised') {
        this.alarms++
      } else if (record.kind === 'event' && record.event.type === 'model') this.steps.push(record.event)
      else if (record.kind === 'event' && record.event.type === 'decision') this.decisions.push(record.event)
    }
    if (this.#lines.length > 5_000) await this.#flush()
  }

  async done(): Promise<void> {
    await this.#flush()
    await this.#handle?.close()
    if (this.#handle) await rename(`${this.#path}.part`, this.#path)
  }

  async discard(): Promise<void> {
    await this.#handle?.close()
  }

  async #flush(): Promise<void> {
    const lines = this.#lines.splice(0)
    if (lines.length > 0) await this.#handle?.write(`${lines.join('\n')}\n`)
  }
}
