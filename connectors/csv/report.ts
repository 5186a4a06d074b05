import { Quality, type Arrival, type TagTable, type TagType } from '../../agent/core/index.ts'
import { fileName } from './layout.ts'
import type { FileTally } from './samples.ts'
import type { Survey } from './survey.ts'

/** What was read of one signal. */
export interface SignalReading {
  readonly type: TagType
  readonly unit: string | undefined
  readonly samples: number
  readonly bad: number
}

/** Rows that were put aside for one reason. */
export interface RefusedReading {
  readonly rows: number
  readonly example: string
}

/** What was read from files, for the user to compare with what is in them. */
export class ReadReport {
  files = 0
  rows = 0
  samples = 0
  /** Event times, ms since epoch. */
  first = Infinity
  last = -Infinity
  readonly notes: string[] = []
  readonly refused = new Map<string, RefusedReading>()
  #bySamples: number[] = []
  #byBad: number[] = []
  #tags: TagTable | undefined

  /** A file was looked at. */
  found(survey: Survey): void {
    this.files++
    for (const note of survey.notes) this.#note(survey, note)
  }

  passedOver(why: string): void {
    this.notes.push(`passed over: ${why}`)
  }

  /** A file has been read to its end. */
  ended(survey: Survey, { rows, older, unsure, comments, headers, footer }: FileTally): void {
    this.rows += rows
    if (footer.length > 0) this.#note(survey, `${lines(footer.length)} below the table passed over, such as "${footer[0].slice(0, 60)}"`) // prettier-ignore
    if (headers > 0) this.#note(survey, `${lines(headers)} that repeat the header passed over`)
    if (comments > 0) this.#note(survey, `${lines(comments)} of comment passed over`)
    if (unsure > 0) this.#note(survey, `${unsure} of ${rows} rows are of an hour that clocks in ${survey.zone.name} show twice, and nothing tells of which: their values are uncertain. Times with an offset from UTC would tell`) // prettier-ignore
    if (older > 0) this.#note(survey, `${older} of ${rows} rows are older than the row before`)
  }

  take({ batch, rejected = [] }: Arrival, tags: TagTable): void {
    this.#tags = tags
    this.samples += batch.length
    const { tag, time, quality } = batch
    for (let row = 0; row < batch.length; row++) {
      this.#bySamples[tag[row]] = (this.#bySamples[tag[row]] ?? 0) + 1
      if (quality[row] === Quality.bad) this.#byBad[tag[row]] = (this.#byBad[tag[row]] ?? 0) + 1
      if (time[row] < this.first) this.first = time[row]
      if (time[row] > this.last) this.last = time[row]
    }
    for (const { reason, rows, detail } of rejected) {
      const known = this.refused.get(reason)
      this.refused.set(reason, { rows: (known?.rows ?? 0) + rows, example: known?.example ?? detail })
    }
  }

  /** By tag. */
  get signals(): ReadonlyMap<string, SignalReading> {
    const found = new Map<string, SignalReading>()
    for (const { index, name, type, unit } of this.#tags ?? []) {
      const samples = this.#bySamples[index] as number | undefined
      if (samples !== undefined) found.set(name, { type, unit, samples, bad: this.#byBad[index] ?? 0 })
    }
    return found
  }

  toJSON(): object {
    const time = (ms: number) => (Number.isFinite(ms) ? new Date(ms).toISOString() : null)
    const { rows, samples, notes } = this
    return { files: this.files, rows, samples, first: time(this.first), last: time(this.last), signals: Object.fromEntries(this.signals), refused: Object.fromEntries(this.refused), notes } // prettier-ignore
  }

  #note({ path }: Survey, text: string): void {
    const note = `${fileName(path)}: ${text}`
    // A hundred files of one kind say one thing.
    if (this.notes.length < 50 && !this.notes.includes(note)) this.notes.push(note)
  }
}

function lines(count: number): string {
  return count === 1 ? '1 line' : `${count} lines`
}
