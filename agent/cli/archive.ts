import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PassThrough, pipeline as pipe, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { AgentError, oneLine, openFile } from '../core/index.ts'
import { decrypted, encrypting } from './encryption.ts'

/** A file in an archive: what it is called there, and where it is or what it holds. */
export interface ArchiveFile {
  readonly name: string
  readonly from: string | Buffer
}

const block = 512
/** Files up to this size are read at once: they may be written again meanwhile. */
const small = 1e6
/** The last file of an archive: SHA-256 of each other one, by name. */
const checksumsName = 'checksums.json'

/**
 * Writes files as a new gzipped tar archive (POSIX ustar) that its owner alone may read, for it may hold keys; the checksums
 * of all files come last. `files` is asked for the next file when the one before is written. With a passphrase it is
 * encrypted, in the age format.
 */
export async function writeArchive(
  path: string,
  files: AsyncIterable<ArchiveFile>,
  progress?: (bytes: number) => void,
  passphrase?: string,
): Promise<number> {
  let count = 0
  async function* bytes(): AsyncGenerator<Buffer> {
    const checksums: Record<string, string> = {}
    let done = 0
    for await (const { name, from } of files) {
      const hash = createHash('sha256')
      for await (const part of contentOf(name, from, hash)) {
        yield part
        progress?.((done += part.length))
      }
      checksums[name] = hash.digest('hex')
      count++
    }
    yield* contentOf(checksumsName, Buffer.from(JSON.stringify(checksums, null, 2)), createHash('sha256'))
    yield Buffer.alloc(2 * block)
  }
  const seal = passphrase === undefined ? new PassThrough() : encrypting(passphrase)
  await pipeline(
    Readable.from(bytes()),
    createGzip({ level: 1 }),
    seal,
    createWriteStream(path, { flags: 'wx', mode: 0o600 }),
  )
  return count
}

async function* contentOf(name: string, from: string | Buffer, hash: Hash): AsyncGenerator<Buffer> {
  if (typeof from !== 'string') {
    hash.update(from)
    yield Buffer.concat([header(name, from.length), from, padding(from.length)])
    return
  }
  const handle = await openFile(from)
  try {
    const { size } = await handle.stat()
    if (size <= small) {
      yield* contentOf(name, await handle.readFile(), hash)
      return
    }
    yield header(name, size)
    let sent = 0
    for await (const part of handle.createReadStream({ end: size - 1, highWaterMark: 1 << 18, autoClose: false })) {
      sent += (part as Buffer).length
      hash.update(part as Buffer)
      yield part as Buffer
    }
    if (sent < size) throw broken(`${from} became shorter while it was copied`)
    yield padding(size)
  } finally {
    await handle.close()
  }
}

function padding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block)
}

function header(name: string, size: number): Buffer {
  const bytes = Buffer.alloc(block)
  const cut = name.length <= 100 ? -1 : name.indexOf('/', name.length - 101)
  const [prefix, own] = cut < 0 ? ['', name] : [name.slice(0, cut), name.slice(cut + 1)]
  if (Buffer.byteLength(own) > 100 || Buffer.byteLength(prefix) > 155) throw broken(`the name of ${name} is too long`)
  bytes.write(own, 0)
  bytes.write('0000600\0', 100)
  bytes.write('0000000\0', 108)
  bytes.write('0000000\0', 116)
  // Sizes of 8 GiB and more do not fit the octal field: GNU tar and pax readers take them in base 256.
  if (size < 8 ** 11) bytes.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  else {
    bytes[124] = 0x80
    bytes.writeBigUInt64BE(BigInt(size), 128)
  }
  bytes.write(
    `${Math.floor(Date.now() / 1000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
  )
  bytes.write('        0', 148)
  bytes.write('ustar\x0000', 257)
  bytes.write(prefix, 345)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

/** What may come out of an archive at most. */
export interface Bounds {
  /** Bytes of all files. */
  readonly bytes: number
}

/** Files of an archive, and bytes of the list of their checksums. */
const mostFiles = 1_000_000
const largestList = 256_000_000

/**
 * Unpacks an archive of `writeArchive` into a folder of its own; resolves with the names of its files. Throws BACKUP_BROKEN
 * where one is missing, not as it was, or not in the list of checksums, and where it holds what no backup does: links, names
 * that lead elsewhere or come twice, more than `bounds`. What is in the folder then is of no use.
 */
export async function readArchive(
  path: string,
  folder: string,
  bounds: Bounds,
  progress?: (bytes: number) => void,
  passphrase?: string,
): Promise<string[]> {
  const found = new Map<string, string>()
  const content = passphrase === undefined ? createReadStream(path) : await decrypted(path, passphrase)
  const reader = new BlockReader(pipe(content, createGunzip(), () => undefined))
  let done = 0
  for (;;) {
    const head = await reader.take(block)
    if (head.every((byte) => byte === 0)) break
    const { name, size } = readHeader(head)
    if ((done += size) > bounds.bytes)
      throw new AgentError('BACKUP_BROKEN', `${path} unpacks to more than ${bounds.bytes} bytes`, { remedy: 'Where you made it yourself and it is that large, say so with --most 20GB.' }) // prettier-ignore
    if (name === checksumsName) {
      if (size > largestList) throw broken(`the list of checksums in ${path} is too large`)
      check(path, found, await reader.take(size))
      await reader.take((block - (size % block)) % block)
      await reader.end()
      return [...found.keys()]
    }
    if (found.has(name) || found.size >= mostFiles) throw broken(`${path} holds ${name} twice, or too many files`)
    found.set(name, await unpack(reader, size, join(folder, safe(name))))
    progress?.(done)
  }
  throw broken(`${path} has no checksums: it is no backup, or not all of one`)
}

/** Writes the next `size` bytes to a new file; resolves with their SHA-256. */
async function unpack(reader: BlockReader, size: number, target: string): Promise<string> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  const hash = createHash('sha256')
  const file = await open(target, 'wx', 0o600)
  try {
    for (let left = size; left > 0;) {
      const part = await reader.take(Math.min(left, 1 << 18))
      hash.update(part)
      await file.write(part)
      left -= part.length
    }
    await file.sync()
  } finally {
    await file.close()
  }
  await reader.take((block - (size % block)) % block)
  return hash.digest('hex')
}

/** Each file has its checksum, and each checksum its file. */
function check(path: string, found: ReadonlyMap<string, string>, list: Buffer): void {
  let listed: Map<string, unknown>
  try {
    listed = new Map(Object.entries(JSON.parse(list.toString('utf8')) as object))
  } catch (error) {
    throw broken(`the list of checksums in ${path} cannot be read`, error)
  }
  for (const [name, sum] of listed) if (found.get(name) !== sum) throw broken(`${name} in ${path} is damaged or missing`) // prettier-ignore
  for (const name of found.keys()) if (!listed.has(name)) throw broken(`${name} in ${path} has no checksum: it was not in the backup when it was made`) // prettier-ignore
}

function readHeader(head: Buffer): { name: string; size: number } {
  const text = (at: number, length: number) => head.toString('utf8', at, at + length).replace(/\0.*$/s, '')
  const stored = parseInt(text(148, 8), 8)
  const sum = head.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  if (stored !== sum) throw broken('it is not a tar archive, or it is damaged')
  const size = head[124] === 0x80 ? Number(head.readBigUInt64BE(128)) : parseInt(text(124, 12), 8)
  const prefix = text(345, 155)
  const name = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`
  if (!Number.isSafeInteger(size) || size < 0) throw broken(`${name} has no size`)
  if (head[156] !== 0x30 && head[156] !== 0)
    throw broken(`${name} is no file: a backup holds neither links nor devices`)
  return { name, size }
}

/** A name that leads out of the folder has no place in a backup. */
function safe(name: string): string {
  const levels = name.split(/[/\\]/)
  if (levels.some((level) => level === '' || level === '.' || level === '..') || /\p{Cc}/u.test(name))
    throw broken(`${oneLine(name)} leads out of the folder`)
  return join(...levels)
}

export function broken(message: string, cause?: unknown): AgentError {
  return new AgentError('BACKUP_BROKEN', message, {
    ...(cause !== undefined && { cause }),
    remedy: 'Take another backup; this one changes nothing.',
  })
}

/** Takes exact numbers of bytes from a stream. */
class BlockReader {
  readonly #parts: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: Readable) {
    this.#parts = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /** Reads the blocks of zeros that end an archive; throws where something else comes, or the stream ends too early. */
  async end(): Promise<void> {
    const zeros = await this.take(2 * block)
    const next = await this.#next()
    if (zeros.some((byte) => byte !== 0) || this.#rest.length > 0 || !next.done)
      throw broken('something comes behind its checksums')
  }

  #next(): Promise<IteratorResult<Buffer, unknown>> {
    return this.#parts.next().catch((error: unknown) => {
      throw broken('it cannot be unpacked', error)
    })
  }

  async take(size: number): Promise<Buffer> {
    const parts = [this.#rest]
    let length = this.#rest.length
    while (length < size) {
      const next = await this.#next()
      if (next.done) throw broken('it ends too early')
      parts.push(next.value)
      length += next.value.length
    }
    const all = parts.length === 1 ? parts[0] : Buffer.concat(parts)
    this.#rest = all.subarray(size)
    return all.subarray(0, size)
  }
}
