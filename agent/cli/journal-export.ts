import { once } from 'node:events'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { InvalidArgumentError } from 'commander'
import { alarmRow, headers, predictionRow, sampleRow } from '../../connectors/csv/index.ts'
import {
  type Batch,
  type Entry,
  type Journal,
  type Stream,
  type TagTable,
  csvCell,
  duration,
  qualityNames,
  tagFilter,
} from '../core/index.ts'
import { Progress, format } from './data.ts'
import { writeBare } from './guard.ts'

/** What can be exported, with the stream it is in. */
const sourcesOf = {
  samples: 'samples',
  cleaned: 'results',
  predictions: 'results',
  alarms: 'results',
  events: 'results',
  dead: 'dead',
} as const satisfies Record<string, Stream>

type Exportable = keyof typeof sourcesOf
export const exportables = Object.keys(sourcesOf) as Exportable[]
export const exportFormats = ['csv', 'ndjson'] as const

export interface ExportOptions {
  readonly what: Exportable
  /** Event times, ms since epoch. */
  readonly from?: number
  readonly to?: number
  readonly tags?: readonly string[]
  readonly format: (typeof exportFormats)[number]
  readonly out?: string
  readonly json?: boolean
}

/** Which rows are wanted. Times are event times, ms since epoch. */
interface Range {
  readonly from: number
  readonly to: number
  wants(tag: number): boolean
}

/** Writes what is wanted, oldest first, up to the newest record at the start; memory stays bounded. */
export async function exportRecords(journal: Journal, options: ExportOptions): Promise<void> {
  const { what, out } = options
  const range: Range = {
    from: options.from ?? -Infinity,
    to: options.to ?? Infinity,
    wants: tagFilter(journal.tags, options.tags ?? '**'),
  }
  const progress = new Progress('export')
  const target = await Target.open(out)
  const write = options.format === 'csv' ? csvLines : jsonLines
  let rows = 0
  try {
    if (options.format === 'csv') await target.write([headerOf(what)])
    for await (const chunk of chunks(journal, sourcesOf[what])) {
      const lines = chunk.flatMap((entry) => write(what, entry, journal.tags, range))
      rows += lines.length
      await target.write(lines)
      progress.show(rows, 'rows')
    }
    await target.done()
  } catch (error) {
    await target.discard()
    throw error
  }
  progress.end()
  const summary = { what, rows, seconds: progress.seconds, ...(out !== undefined && { out }) }
  if (options.json) console.error(JSON.stringify(summary))
  else if (out !== undefined) console.error(`${format(rows)} rows in ${progress.seconds.toFixed(1)} s -> ${out}`)
}

async function* chunks(journal: Journal, stream: Stream): AsyncGenerator<readonly Entry[]> {
  const { first, next } = journal.stats(stream)
  for (let at = first; at < next;) {
    const chunk = journal.read(stream, at, 256).filter(({ offset }) => offset < next)
    if (chunk.length === 0) return
    at = chunk[chunk.length - 1].offset + 1
    yield chunk
    await new Promise(setImmediate)
  }
}

const deadHeader = 'time,origin,reason,subject,rows,size,detail,payload'
const eventHeader = 'time,type,detail'

function headerOf(what: Exportable): string {
  if (what === 'dead') return deadHeader
  if (what === 'events') return eventHeader
  return headers[what === 'cleaned' ? 'samples' : what]
}

function csvLines(what: Exportable, entry: Entry, tags: TagTable, range: Range): string[] {
  switch (entry.kind) {
    case 'samples':
      return what === 'samples' || what === 'cleaned'
        ? rowsIn(entry.batch, range).map((row) => sampleRow(entry.batch, row, tags))
        : []
    case 'predictions':
      return what === 'predictions'
        ? entry.predictions.filter(({ time }) => inside(time, range)).map(predictionRow)
        : []
    case 'event': {
      const { event } = entry
      if (!inside(event.time, range)) return []
      if (what === 'alarms') return event.type === 'alarm' ? [alarmRow(event)] : []
      return what === 'events' ? [[isoOf(event.time), event.type, csvCell(JSON.stringify(event))].join(',')] : []
    }
    case 'dead': {
      const { time, origin, reason, subject, rows, size, detail, payload } = entry.letter
      const text = Buffer.from(payload).toString('utf8')
      const cells = [isoOf(time), origin, reason, subject, String(rows), String(size), detail, text]
      return what === 'dead' && inside(time, range) ? [cells.map(csvCell).join(',')] : []
    }
  }
}

function jsonLines(what: Exportable, entry: Entry, tags: TagTable, range: Range): string[] {
  switch (entry.kind) {
    case 'samples':
      return what === 'samples' || what === 'cleaned'
        ? rowsIn(entry.batch, range).map((row) => JSON.stringify(sampleObject(entry.batch, row, tags)))
        : []
    case 'predictions':
      return what === 'predictions'
        ? entry.predictions
            .filter(({ time }) => inside(time, range))
            .map((prediction) => JSON.stringify({ ...prediction, time: isoOf(prediction.time) }))
        : []
    case 'event': {
      const wanted = what === 'events' || (what === 'alarms' && entry.event.type === 'alarm')
      return wanted && inside(entry.event.time, range)
        ? [JSON.stringify({ ...entry.event, time: isoOf(entry.event.time) })]
        : []
    }
    case 'dead': {
      const { letter } = entry
      const payload = Buffer.from(letter.payload).toString('utf8')
      return what === 'dead' && inside(letter.time, range)
        ? [JSON.stringify({ ...letter, time: isoOf(letter.time), payload })]
        : []
    }
  }
}

function rowsIn({ length, time, tag }: Batch, range: Range): number[] {
  const rows: number[] = []
  for (let row = 0; row < length; row++) if (inside(time[row], range) && range.wants(tag[row])) rows.push(row)
  return rows
}

function inside(time: number, { from, to }: Range): boolean {
  return time >= from && time < to
}

function sampleObject(batch: Batch, row: number, tags: TagTable): object {
  const { name, type } = tags.at(batch.tag[row])
  const number = batch.value[row]
  const exact = batch.exact?.[row]
  const plain = type === 'boolean' ? number !== 0 : exact ? String(exact) : Number.isFinite(number) ? number : null
  const value = type === 'text' ? (batch.texts?.[number] ?? '') : plain
  return {
    time: isoOf(batch.time[row]),
    tag: name,
    value,
    quality: qualityNames[batch.quality[row]],
    source: batch.source,
  }
}

function isoOf(time: number): string {
  return new Date(time).toISOString()
}

/** `2026-03-01`, `2026-03-01T12:00:00Z` or `-2h` as ms since epoch; for an option. */
export function timeOf(text: string): number {
  const back = text.startsWith('-') ? duration.safeParse(text.slice(1)) : undefined
  const time = back?.success ? Date.now() - back.data : Date.parse(text)
  if (Number.isFinite(time)) return time
  throw new InvalidArgumentError('Write 2026-03-01, 2026-03-01T12:00:00Z, or -2h for two hours ago.')
}

/** Standard output, or a file that has its name when it is whole. */
class Target {
  readonly #out: string | undefined
  readonly #file: FileHandle | undefined

  private constructor(out?: string, file?: FileHandle) {
    this.#out = out
    this.#file = file
  }

  static async open(out: string | undefined): Promise<Target> {
    return out === undefined ? new Target() : new Target(out, await open(`${out}.part`, 'w'))
  }

  async write(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return
    const text = `${lines.join('\n')}\n`
    if (this.#file) await this.#file.write(text)
    // Whole, for a program; what is looked at loses what acts on a terminal.
    else if (!(process.stdout.isTTY ? process.stdout.write(text) : writeBare(process.stdout, text)))
      await once(process.stdout, 'drain')
  }

  async done(): Promise<void> {
    await this.#file?.close()
    if (this.#out !== undefined) await rename(`${this.#out}.part`, this.#out)
  }

  async discard(): Promise<void> {
    await this.#file?.close()
    if (this.#out !== undefined) await rm(`${this.#out}.part`, { force: true })
  }
}
