import { open, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Arrival, SourceError, type TagTable, describeError } from '../../agent/core/index.ts'
import { delimiterOf, layoutOf, type CsvLayout } from './layout.ts'
import { RecordScanner, type Cells, type RecordHandler } from './records.ts'
import { CsvSamples, type CsvFile } from './samples.ts'
import type { ReadSettings } from './settings.ts'
import { TypeSniffer } from './types.ts'

const chunkSize = 262_144
/** A line that is longer is cut: it is no CSV. */
const longestLine = 4_194_304
/** Records that tell the types of the columns. */
const sniffed = 1000

/**
 * Reads a CSV file, a chunk when it is pulled; memory does not grow with the file. Samples are in the order of the file,
 * in batches of about 2,048; `arrival` is the newest time so far. What cannot be read becomes dead letters. Throws a
 * SourceError (SOURCE_DATA) where there is no such file or column.
 */
export async function* readCsv(settings: ReadSettings, tags: TagTable, source = 'csv'): AsyncGenerator<Arrival> {
  const path = settings.read
  if (path === undefined) throw new SourceError('SOURCE_DATA', 'no file is named', { remedy: 'Name it under `read`.' })
  const handle = await open(path).catch((error: unknown) => Promise.reject(unreadable(path, error)))
  let buffer: Buffer<ArrayBuffer> = Buffer.allocUnsafe(chunkSize)
  let filled = 0
  let reader: Reader | undefined
  try {
    for (let final = false; !final;) {
      if (filled === buffer.length) buffer = widened(buffer)
      filled += await fillFrom(handle, buffer, filled, path)
      final = filled < buffer.length
      const bytes = buffer.subarray(0, filled)
      const cut = final || filled >= longestLine
      let done = 0
      if (!reader) {
        const begin = beginning(bytes, cut, settings, path)
        if (!begin) continue
        done = begin.length
        reader = readerOf(bytes.subarray(done), cut, begin, tags, { settings, file: basename(path), source })
      }
      done += reader.scanner.scan(bytes.subarray(done), cut)
      if (final) reader.samples.finish()
      buffer.copyWithin(0, done, filled)
      filled -= done
      yield* reader.samples.arrivals.splice(0)
    }
  } finally {
    await handle.close()
  }
}

interface Reader {
  readonly scanner: RecordScanner
  readonly samples: CsvSamples
}

function readerOf(
  bytes: Buffer,
  final: boolean,
  { delimiter, layout, line }: Beginning,
  tags: TagTable,
  file: Pick<CsvFile, 'settings' | 'file' | 'source'>,
): Reader {
  const sniffer = new TypeSniffer(layout, file.settings.decimal, file.settings.missing)
  new RecordScanner(delimiter, sniffer).scan(bytes, final, sniffed)
  const samples = new CsvSamples({ ...file, layout, types: sniffer.types }, tags)
  return { samples, scanner: new RecordScanner(delimiter, samples, line) }
}

/** What the first line of a file tells. */
interface Beginning {
  readonly delimiter: string
  readonly layout: CsvLayout
  /** Bytes before the first row, and the number of its line. */
  readonly length: number
  readonly line: number
}

/** Reads the byte order mark and the first line with cells; undefined where that is not complete yet. */
function beginning(bytes: Buffer, final: boolean, settings: ReadSettings, path: string): Beginning | undefined {
  const mark = markLength(bytes, path)
  const text = bytes.subarray(mark)
  const end = text.findIndex((byte, at) => byte === 0x0a && text.subarray(0, at).some((other) => other > 0x20))
  if (end < 0 && !final) return undefined
  const delimiter = delimiterOf(
    settings.delimiter,
    text
      .subarray(0, end < 0 ? text.length : end)
      .toString()
      .trim(),
  )
  const first = new FirstRecord()
  const scanner = new RecordScanner(delimiter, first)
  let length = 0
  for (let read = -1; !first.names && read !== 0; length += read) read = scanner.scan(text.subarray(length), final, 1)
  if (!first.names) {
    if (!final) return undefined
    throw new SourceError('SOURCE_DATA', `${path} has no readable first line`, {
      remedy: 'Check that it is a CSV file and not empty.',
    })
  }
  if (settings.header) {
    const layout = layoutOf(first.names, settings, path)
    return { delimiter, layout, length: mark + length, line: scanner.line }
  }
  const names = settings.columns ?? first.names.map((_, at) => `column${at + 1}`)
  return { delimiter, layout: layoutOf(names, settings, path), length: mark, line: 1 }
}

/** Takes the cells of the first record as names. */
class FirstRecord implements RecordHandler {
  names: readonly string[] | undefined

  record(bytes: Buffer, cells: Cells): void {
    this.names ??= Array.from({ length: cells.count }, (_, at) => bytes.toString('utf8', cells.from[at], cells.to[at]))
  }

  broken(): void {
    // A first line that cannot be read leaves the names unknown.
  }
}

function markLength(bytes: Buffer, path: string): number {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 3
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw new SourceError('SOURCE_DATA', `${path} is UTF-16`, { remedy: 'Save it as UTF-8.' })
  return 0
}

function widened(buffer: Buffer): Buffer<ArrayBuffer> {
  const wider = Buffer.allocUnsafe(buffer.length * 2)
  buffer.copy(wider)
  return wider
}

/** Reads until the buffer is full or the file ends; resolves with the bytes read. */
async function fillFrom(handle: FileHandle, buffer: Buffer, from: number, path: string): Promise<number> {
  let at = from
  try {
    while (at < buffer.length) {
      const { bytesRead } = await handle.read(buffer, at, buffer.length - at)
      if (bytesRead === 0) break
      at += bytesRead
    }
  } catch (error) {
    throw unreadable(path, error)
  }
  return at - from
}

function unreadable(path: string, error: unknown): SourceError {
  return new SourceError('SOURCE_DATA', `cannot read ${path}: ${describeError(error)}`, {
    cause: error,
    remedy: 'Check that the path is right, seen from the folder the agent runs in, and that it may read the file.',
  })
}
