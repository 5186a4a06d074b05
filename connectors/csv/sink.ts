import { constants, mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import {
  type ConnectorContext,
  DeliveryError,
  type Entry,
  type ErrorCode,
  type Rejection,
  type Sink,
  type TagTable,
  describeError,
} from '../../agent/core/index.ts'
import { alarmRow, headers, predictionRow, sampleRow } from './rows.ts'
import type { Content } from './settings.ts'

/** How far a file has been written: kept beside the agent's data, so that nothing is written twice. */
interface Mark {
  readonly file: string
  readonly inode: number
  readonly size: number
  /** Entries before this offset are in the file. */
  readonly next: number
}

/**
 * Appends results to a CSV file. Rows are on disk when `write` resolves. The size of the file and the offset it has come to
 * are marked after each write; what a crash left behind the mark is cut off, and what is before it is not written again.
 */
export class CsvSink implements Sink {
  readonly #path: string
  readonly #content: Content
  readonly #context: ConnectorContext
  #handle: FileHandle | undefined
  #mark: Mark | undefined

  constructor(path: string, content: Content, context: ConnectorContext) {
    this.#path = resolve(path)
    this.#content = content
    this.#context = context
  }

  async write(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Rejection[]> {
    if (signal.aborted) throw new DeliveryError('DELIVERY_BUSY', `${this.#path} was not written: stopped before`)
    try {
      const handle = (this.#handle ??= await this.#open())
      await this.#append(handle, entries)
    } catch (error) {
      await this.close()
      throw error instanceof DeliveryError ? error : failure(this.#path, error)
    }
    return []
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #append(handle: FileHandle, entries: readonly Entry[]): Promise<void> {
    const mark = this.#mark!
    const fresh = entries.filter(({ offset }) => offset >= mark.next)
    const lines = fresh.flatMap((entry) => rowsOf(entry, this.#content, this.#context.tags))
    if (mark.size === 0) lines.unshift(headers[this.#content])
    const next = Math.max(mark.next, ...fresh.map(({ offset }) => offset + 1))
    if (lines.length === 0) {
      this.#mark = { ...mark, next }
      return
    }
    const bytes = Buffer.from(`${lines.join('\n')}\n`)
    await handle.write(bytes, 0, bytes.length, mark.size)
    await handle.datasync()
    await this.#save({ ...mark, size: mark.size + bytes.length, next })
  }

  /** Opens the file where it was left. */
  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true })
    // Not for appending: rows go to a place of their own, so that a failed write is written over.
    // Nor through a link: whoever may write beside it could have rows written elsewhere.
    const handle = await open(this.#path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW)
    try {
      if (!(await handle.stat()).isFile()) throw failure(this.#path, new Error('it is no regular file'))
      this.#mark = await this.#resume(handle)
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Where to go on; cuts off what was not finished. */
  async #resume(handle: FileHandle): Promise<Mark> {
    const { size, ino: inode } = await handle.stat()
    const mark = this.#mark ?? (await this.#load())
    const ours = mark?.file === this.#path && mark.inode === inode && mark.size <= size
    if (!ours) await this.#checkHeader(handle, size)
    const kept = ours ? mark.size : await wholeLines(handle, size)
    if (kept < size) await handle.truncate(kept)
    return { file: this.#path, inode, size: kept, next: mark?.file === this.#path ? mark.next : 0 }
  }

  /** A file that was not written here is gone on with only if it holds the same columns. */
  async #checkHeader(handle: FileHandle, size: number): Promise<void> {
    const header = `${headers[this.#content]}\n`.slice(0, size)
    const { buffer } = await handle.read(Buffer.alloc(header.length), 0, header.length, 0)
    if (buffer.toString() !== header)
      throw new DeliveryError('DELIVERY_DENIED', `${this.#path} holds something other than ${this.#content}`, {
        remedy: 'Name another file under `write`, or move this one away.',
      })
  }

  async #load(): Promise<Mark | undefined> {
    try {
      return JSON.parse(await readFile(this.#markFile, 'utf8')) as Mark
    } catch {
      return undefined
    }
  }

  async #save(mark: Mark): Promise<void> {
    await mkdir(this.#context.folder, { recursive: true })
    const draft = await open(`${this.#markFile}.new`, 'w')
    await draft.writeFile(JSON.stringify(mark))
    await draft.datasync()
    await draft.close()
    await rename(`${this.#markFile}.new`, this.#markFile)
    this.#mark = mark
  }

  get #markFile(): string {
    return join(this.#context.folder, 'written.json')
  }
}

function rowsOf(entry: Entry, content: Content, tags: TagTable): string[] {
  if (entry.kind === 'predictions' && content === 'predictions') return entry.predictions.map(predictionRow)
  if (entry.kind === 'event' && content === 'alarms') return entry.event.type === 'alarm' ? [alarmRow(entry.event)] : []
  if (entry.kind === 'samples' && content === 'samples')
    return Array.from({ length: entry.batch.length }, (_, row) => sampleRow(entry.batch, row, tags))
  return []
}

/** The size of a file up to the end of its last whole line. */
async function wholeLines(handle: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(65_536)
  for (let end = size; end > 0;) {
    const from = Math.max(0, end - chunk.length)
    const { bytesRead } = await handle.read(chunk, 0, end - from, from)
    const last = chunk.subarray(0, bytesRead).lastIndexOf(0x0a)
    if (last >= 0) return from + last + 1
    end = from
  }
  return 0
}

const denied = new Set(['ELOOP', 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR'])
const busy = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EBUSY'])

function failure(path: string, error: unknown): DeliveryError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : ''
  const code: ErrorCode = denied.has(reason)
    ? 'DELIVERY_DENIED'
    : busy.has(reason)
      ? 'DELIVERY_BUSY'
      : 'DELIVERY_UNREACHABLE'
  const remedy =
    code === 'DELIVERY_BUSY'
      ? 'Make room on the disk.'
      : reason === 'ELOOP'
        ? 'It is a symbolic link, which is not followed: name the file itself.'
        : 'Check the path and who may write there.'
  return new DeliveryError(code, `cannot write ${path}: ${describeError(error)}`, { cause: error, remedy })
}
