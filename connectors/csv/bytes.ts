import { isAscii, isUtf8 } from 'node:buffer'
import { createGunzip } from 'node:zlib'
import { NotAFile, SourceError, describeError, openFile } from '../../agent/core/index.ts'

const usualChunk = 262_144
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Files that are no text, by how they begin. */
const others: readonly (readonly [begin: string, what: string, remedy: string])[] = [
  ['504b0304', 'a ZIP archive or an Excel workbook', 'Unpack it, or save the sheet as CSV.'],
  ['d0cf11e0', 'an Excel workbook', 'Save the sheet as CSV.'],
  ['50415231', 'a Parquet file', 'Read it with a `parquet` connector.'],
  ['89484446', 'an HDF5 file', 'Export it as CSV.'],
  ['5444536d', 'a TDMS file', 'Export it as CSV.'],
]

/**
 * The bytes of a file as UTF-8 with line feeds, a chunk when it is pulled: unpacked where it is gzip, decoded where it is
 * UTF-16 or Windows-1252, without byte order mark. Throws a SourceError (SOURCE_DATA) where it cannot be read.
 */
export async function* openText(path: string, encoding = 'auto', chunkSize = usualChunk): AsyncGenerator<Buffer> {
  let text: Text | undefined
  try {
    for await (const chunk of unpacked(path, chunkSize)) {
      text ??= new Text(chunk, encoding, path)
      const bytes = text.decode(chunk)
      if (bytes.length > 0) yield bytes
    }
    const rest = text?.decode(undefined)
    if (rest && rest.length > 0) yield rest
  } catch (error) {
    throw error instanceof SourceError ? error : unreadable(path, error)
  }
}

async function* unpacked(path: string, chunkSize: number): AsyncGenerator<Buffer> {
  const handle = await openFile(path)
  const begin = (await handle.read(Buffer.alloc(4), 0, 4, 0)).buffer
  const other = others.find(([hex]) => begin.toString('hex') === hex)
  if (other) {
    await handle.close()
    throw new SourceError('SOURCE_DATA', `${path} is ${other[1]}`, { remedy: other[2] })
  }
  const file = handle.createReadStream({ start: 0, highWaterMark: chunkSize })
  const unpack = begin[0] === 0x1f && begin[1] === 0x8b ? createGunzip({ chunkSize }) : undefined
  try {
    if (unpack) {
      file.on('error', (error) => unpack.destroy(error))
      file.pipe(unpack)
    }
    for await (const bytes of unpack ?? file) yield bytes as Buffer
  } finally {
    file.destroy()
    unpack?.destroy()
  }
}

/** Decodes the chunks of one file; what it is, is told by the first. */
class Text {
  readonly #auto: boolean
  readonly #returns: boolean
  #skip: number
  #decoder: InstanceType<typeof TextDecoder> | undefined
  /** Only ASCII so far: UTF-8 and Windows-1252 look the same. */
  #undecided: boolean

  constructor(first: Buffer, encoding: string, path: string) {
    const { name, mark } = encoding === 'auto' ? encodingOf(first, path) : { name: encoding, mark: markOf(first) }
    this.#auto = encoding === 'auto'
    this.#skip = mark
    this.#undecided = this.#auto && name === 'utf-8'
    if (!/^utf-?8$/i.test(name)) this.#decoder = new TextDecoder(name, { ignoreBOM: true })
    const text = this.#decoder ? new TextDecoder(name).decode(first) : first.toString('latin1')
    this.#returns = text.includes('\r') && !text.includes('\n')
  }

  /** `undefined`: the file has ended. */
  decode(chunk: Buffer | undefined): Buffer {
    if (!chunk) return this.#decoder ? this.#ends(Buffer.from(this.#decoder.decode())) : Buffer.alloc(0)
    const bytes = this.#skip > 0 ? chunk.subarray(this.#skip) : chunk
    this.#skip = 0
    if (this.#undecided && !isAscii(bytes)) this.#decide(bytes)
    return this.#ends(this.#decoder ? Buffer.from(this.#decoder.decode(bytes, { stream: true })) : bytes)
  }

  #decide(bytes: Buffer): void {
    this.#undecided = false
    const end = bytes.lastIndexOf(lineFeed) + 1
    if (!isUtf8(end > 0 ? bytes.subarray(0, end) : bytes)) this.#decoder = new TextDecoder('windows-1252')
  }

  #ends(bytes: Buffer): Buffer {
    if (this.#returns) {
      for (let at = bytes.indexOf(carriageReturn); at >= 0; at = bytes.indexOf(carriageReturn, at + 1))
        bytes[at] = lineFeed
    }
    return bytes
  }
}

function markOf(bytes: Buffer): number {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 3
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff) ? 2 : 0
}

/** By the byte order mark, else by where zeros are. */
function encodingOf(bytes: Buffer, path: string): { readonly name: string; readonly mark: number } {
  const mark = markOf(bytes)
  if (mark === 2) return { name: bytes[0] === 0xff ? 'utf-16le' : 'utf-16be', mark }
  const zeros = [0, 0]
  const looked = Math.min(bytes.length, 1024)
  for (let at = 0; at < looked; at++) if (bytes[at] === 0) zeros[at & 1]++
  if (mark === 3 || zeros[0] + zeros[1] === 0) return { name: 'utf-8', mark }
  if (zeros[1] > looked * 0.3 && zeros[0] === 0) return { name: 'utf-16le', mark }
  if (zeros[0] > looked * 0.3 && zeros[1] === 0) return { name: 'utf-16be', mark }
  if (zeros[0] + zeros[1] < looked * 0.1) return { name: 'utf-8', mark }
  throw new SourceError('SOURCE_DATA', `${path} is no text`, { remedy: 'Export it as CSV, or state its `encoding`.' })
}

function unreadable(path: string, error: unknown): SourceError {
  const damaged = (error as NodeJS.ErrnoException).code?.startsWith('Z_')
  if (error instanceof NotAFile)
    return new SourceError('SOURCE_DATA', error.message, { cause: error, remedy: 'Links are not followed: whoever may write into a folder could have any file read.' }) // prettier-ignore
  return new SourceError('SOURCE_DATA', `cannot read ${path}: ${describeError(error)}`, {
    cause: error,
    remedy: damaged
      ? 'The archive is damaged or cut off: copy it again.'
      : 'Check that the path is right, seen from the folder the agent runs in, and that it may read the file.',
  })
}
