import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { openFile } from '../../agent/core/index.ts'
import type { FileProgress } from './read.ts'

/** Bytes by which a file is known again. */
const headSize = 4096

const count = z.int().nonnegative()
const knownFile = z.object({
  size: count,
  /** Checksum of the first `headLength` bytes. */
  head: count,
  headLength: count,
  whole: z.boolean(),
  progress: z.object({ samples: count, letters: count, events: count }),
})
const saved = z.object({ files: z.record(z.string(), knownFile) })
type KnownFile = z.output<typeof knownFile>

/**
 * What a source has read of which file, over restarts: in `read.json` of its folder, so that removing that file reads all of
 * them again. A file that has grown is read on; one with another beginning is another file.
 */
export class ReadMemory {
  readonly #path: string
  readonly #files: Map<string, KnownFile>
  #saving: Promise<void> | undefined
  #dirty = false

  private constructor(path: string, files: Map<string, KnownFile>) {
    this.#path = path
    this.#files = files
  }

  /** Looks at the files that are to be read. */
  static async load(folder: string, files: readonly string[]): Promise<ReadMemory> {
    await mkdir(folder, { recursive: true })
    const path = join(folder, 'read.json')
    const text = await readFile(path, 'utf8').catch(() => '{"files":{}}')
    const before = saved.safeParse(parsed(text)).data?.files ?? {}
    const known = new Map(Object.entries(before))
    for (const file of files) known.set(file, await lookedAt(file, known.get(file)))
    return new ReadMemory(path, known)
  }

  /** Files of which nothing is left to read. */
  get whole(): ReadonlySet<string> {
    return new Set([...this.#files].flatMap(([file, { whole }]) => (whole ? [file] : [])))
  }

  /** What was read of the others. */
  get done(): ReadonlyMap<string, FileProgress> {
    return new Map([...this.#files].map(([file, { progress }]) => [file, progress]))
  }

  /** Samples up to there are stored. Resolves when that is remembered. */
  note(progress: ReadonlyMap<string, FileProgress>): Promise<void> {
    for (const [file, read] of progress) this.#change(file, { progress: read })
    return this.#save()
  }

  /** Files have been read to their end. Resolves when that is remembered. */
  ended(files: readonly string[]): Promise<void> {
    for (const file of files) this.#change(file, { whole: true })
    return this.#save()
  }

  /** Resolves when all is remembered that was told. */
  async settled(): Promise<void> {
    await this.#saving
  }

  #change(file: string, change: Partial<KnownFile>): void {
    const known = this.#files.get(file)
    if (known) this.#files.set(file, { ...known, ...change })
  }

  /** One write at a time; what comes meanwhile goes with the next one. */
  async #save(): Promise<void> {
    this.#dirty = true
    this.#saving ??= this.#write().finally(() => (this.#saving = undefined))
    await this.#saving
  }

  async #write(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false
      await writeFile(`${this.#path}.part`, JSON.stringify({ files: Object.fromEntries(this.#files) }))
      await rename(`${this.#path}.part`, this.#path)
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Cut off by a crash: files are read again, and what is stored already changes nothing.
    return undefined
  }
}

/** A file as it is now, with what was read of it if it is the one of then, longer perhaps. */
async function lookedAt(file: string, before: KnownFile | undefined): Promise<KnownFile> {
  const size = (await stat(file).catch(() => undefined))?.size ?? 0
  const headLength = Math.min(headSize, size)
  const head = await headOf(file, headLength)
  if (before && size >= before.size && (await headOf(file, before.headLength)) === before.head) {
    return { size, head, headLength, whole: before.whole && size === before.size, progress: before.progress }
  }
  return { size, head, headLength, whole: false, progress: { samples: 0, letters: 0, events: 0 } }
}

async function headOf(file: string, length: number): Promise<number> {
  if (length === 0) return 0
  const handle = await openFile(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
    return crc32(buffer.subarray(0, bytesRead))
  } finally {
    await handle.close()
  }
}
