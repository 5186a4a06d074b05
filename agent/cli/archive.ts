import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { dirname, join, normalize, sep } from 'node:path'
import { PassThrough, pipeline as pipe, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { AgentError } from '../core/index.ts'
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
 * Writes files as a gzipped tar archive (POSIX ustar) that its owner alone may read, for it may hold keys; the checksums
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
  await pipeline(Readable.from(bytes()), createGzip({ level: 1 }), seal, createWriteStream(path, { mode: 0o600 }))
  return count
}

async function* contentOf(name: string, from: string | Buffer, hash: Hash): AsyncGenerator<Buffer> {
  const size = typeof from === 'string' ? (await stat(from)).size : from.length
  const whole = typeof from === 'string' && size <= small ? await readFile(from) : from
  if (typeof whole !== 'string') {
    hash.update(whole)
    yield Buffer.concat([header(name, whole.length), whole, padding(whole.length)])
    return
  }
  yield header(name, size)
  let sent = 0
  for await (const part of createReadStream(whole, { end: size - 1, highWaterMark: 1 << 18 })) {
    sent += (part as Buffer).length
    hash.update(part as Buffer)
    yield part as Buffer
  }
  if (sent < size) throw broken(`${whole} became shorter while it was copied`)
  yield padding(size)
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

/** Unpacks an archive of `writeArchive` into a folder; throws BACKUP_BROKEN where a file is missing or not as it was. */
export async function readArchive(
  path: string,
  folder: string,
  progress?: (bytes: number) => void,
  passphrase?: string,
): Promise<string[]> {
  const found = new Map<string, string>()
  let checksums: Record<string, string> | undefined
  const content = passphrase === undefined ? createReadStream(path) : await decrypted(path, passphrase)
  const reader = new BlockReader(pipe(content, createGunzip(), () => undefined))
  let done = 0
  for (;;) {
    const head = await reader.take(block)
    if (head.every((byte) => byte === 0)) break
    const { name, size } = readHeader(head)
    const target = join(folder, safe(name))
    await mkdir(dirname(target), { recursive: true })
    const hash = createHash('sha256')
    const file = await open(target, 'w', 0o600)
    for (let left = size; left > 0;) {
      const part = await reader.take(Math.min(left, 1 << 18))
      hash.update(part)
      await file.write(part)
      left -= part.length
      progress?.((done += part.length))
    }
    await file.sync()
    await file.close()
    await reader.take((block - (size % block)) % block)
    if (name === checksumsName) checksums = JSON.parse(await readFile(target, 'utf8')) as Record<string, string>
    else found.set(name, hash.digest('hex'))
  }
  if (!checksums) throw broken(`${path} has no checksums: it is no backup, or not all of one`)
  for (const [name, sum] of Object.entries(checksums))
    if (found.get(name) !== sum) throw broken(`${name} in ${path} is damaged or missing`)
  return [...found.keys()]
}

function readHeader(head: Buffer): { name: string; size: number } {
  const text = (at: number, length: number) => head.toString('utf8', at, at + length).replace(/\0.*$/s, '')
  const stored = parseInt(text(148, 8), 8)
  const sum = head.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  if (stored !== sum) throw broken('it is not a tar archive, or it is damaged')
  const size = head[124] === 0x80 ? Number(head.readBigUInt64BE(128)) : parseInt(text(124, 12), 8)
  const prefix = text(345, 155)
  return { name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`, size }
}

/** A name that leads out of the folder has no place in a backup. */
function safe(name: string): string {
  const path = normalize(name)
  if (path.startsWith(sep) || path.split(sep).includes('..')) throw broken(`${name} leads out of the folder`)
  return path
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

  async take(size: number): Promise<Buffer> {
    const parts = [this.#rest]
    let length = this.#rest.length
    while (length < size) {
      const next = await this.#parts.next().catch((error: unknown) => {
        throw broken('it cannot be unpacked', error)
      })
      if (next.done) throw broken('it ends too early')
      parts.push(next.value)
      length += next.value.length
    }
    const all = parts.length === 1 ? parts[0] : Buffer.concat(parts)
    this.#rest = all.subarray(size)
    return all.subarray(0, size)
  }
}
