import { SourceError, sliceRows, type Arrival, type TagTable } from '../../agent/core/index.ts'
import { openText } from './bytes.ts'
import { filesOf } from './files.ts'
import { mergeByTime, type Stream } from './merge.ts'
import { RecordScanner } from './records.ts'
import type { ReadReport } from './report.ts'
import { CsvSamples } from './samples.ts'
import type { ReadSettings } from './settings.ts'
import type { Survey } from './survey.ts'
import { surveyAll } from './surveys.ts'

/** A line that is longer is cut: it is no CSV. */
const longestLine = 16_777_216
/** What all open files together may read ahead, and one of them. */
const readAhead = 33_554_432
const mostAhead = 262_144

/** How far a file has been read: samples, dead letters and labels that were handed over. */
export interface FileProgress {
  readonly samples: number
  readonly letters: number
  readonly events: number
}

/** Something read from files, with how far each of them has come by it. */
export interface FileArrival extends Arrival {
  readonly progress: ReadonlyMap<string, FileProgress>
}

export interface ReadOptions {
  /** Is told what is found, and what is made of it. */
  readonly report?: ReadReport | undefined
  /** What of which file was read at an earlier time, and is left out. */
  readonly done?: ReadonlyMap<string, FileProgress>
  /** Files that were read to their end. */
  readonly skip?: ReadonlySet<string>
  /**
   * Asked at the end of a file with something that more of it could change: a last line without an end, which may be half
   * of one, or runs that `ends` would call ended. True: the file may still grow, and that is left for another time.
   */
  readonly mayGrow?: (path: string) => boolean
}

/** What comes of one file; labels of `ends` are no rows of it, and not counted. */
export interface FilePart extends Arrival {
  readonly uncounted?: boolean
}

/**
 * Reads the files that the settings name, in the order of their times; memory does not grow with them. Samples come in
 * batches of about 2,048, labels between those of the rows around them; `arrival` is the newest time so far. What cannot be
 * read becomes dead letters. Throws a SourceError (SOURCE_DATA) where a file cannot be read, or cannot be understood.
 */
export async function* readCsv(
  settings: ReadSettings,
  tags: TagTable,
  source = 'csv',
  options: ReadOptions = {},
): AsyncGenerator<FileArrival> {
  const { report, done, skip, mayGrow = () => false } = options
  if (settings.read === undefined) throw new SourceError('SOURCE_DATA', 'no file is named', { remedy: 'Name it under `read`.' }) // prettier-ignore
  const paths = (await filesOf(settings.read)).filter(({ path }) => !skip?.has(path))
  const surveys = await surveyAll(paths, settings, report)
  const chunk = Math.max(16_384, Math.min(mostAhead, Math.floor(readAhead / surveys.length)))
  const streams = surveys.map((found): Stream => {
    const arrivals = readFile(found, settings, tags, { source, chunk, report, mayGrow })
    const before = done?.get(found.path)
    return { path: found.path, first: found.first, done: before, arrivals: from(arrivals, before) }
  })
  for await (const arrival of mergeByTime(streams, source, tags)) {
    report?.take(arrival, tags)
    yield arrival
  }
}

interface FileOptions {
  readonly source: string
  readonly chunk: number
  readonly report: ReadReport | undefined
  readonly mayGrow: (path: string) => boolean
}

/** The samples of one file, in its order. */
async function* readFile(
  found: Survey,
  settings: ReadSettings,
  tags: TagTable,
  { source, chunk, report, mayGrow }: FileOptions,
): AsyncGenerator<FilePart> {
  // prettier-ignore
  const samples = new CsvSamples(found, settings, tags, source)
  const scanner = new RecordScanner(found.table.delimiter, samples, found.table.line)
  let ahead = found.table.begin
  let rest: Buffer = Buffer.alloc(0)
  for await (const read of openText(found.path, settings.encoding, chunk)) {
    const passed = Math.min(ahead, read.length)
    ahead -= passed
    const own = passed > 0 ? read.subarray(passed) : read
    const bytes = rest.length > 0 ? Buffer.concat([rest, own]) : own
    rest = Buffer.from(bytes.subarray(scanner.scan(bytes, bytes.length > longestLine)))
    yield* samples.arrivals.splice(0)
  }
  if ((rest.length > 0 || settings.ends !== undefined) && mayGrow(found.path)) samples.flush()
  else {
    scanner.scan(rest, true)
    samples.finish()
  }
  yield* samples.arrivals.splice(0)
  report?.ended(found, samples.tally)
}

/** Leaves out what was handed over before. */
async function* from(arrivals: AsyncGenerator<FilePart>, done?: FileProgress): AsyncGenerator<FilePart> {
  if (!done) {
    yield* arrivals
    return
  }
  let { samples, letters, events } = done
  for await (const arrival of arrivals) {
    const { batch, rejected = [], events: all = [] } = arrival
    if (arrival.uncounted) {
      yield arrival
      continue
    }
    const left = sliceRows(batch, Math.min(samples, batch.length), batch.length)
    const otherLetters = rejected.slice(letters)
    const otherEvents = all.slice(events)
    samples -= Math.min(samples, batch.length)
    letters -= Math.min(letters, rejected.length)
    events -= Math.min(events, all.length)
    if (left.length > 0 || otherLetters.length > 0 || otherEvents.length > 0)
      yield { batch: left, ...(otherLetters.length > 0 && { rejected: otherLetters }), ...(otherEvents.length > 0 && { events: otherEvents }) } // prettier-ignore
  }
}
