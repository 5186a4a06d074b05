import { open } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { AgentError } from '../core/index.ts'

/** How an encrypted file begins (age-encryption.org/v1). */
const beginning = 'age-encryption.org/v1\n'

/** Whether a file is encrypted in the age format. */
export async function isEncrypted(path: string): Promise<boolean> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(beginning.length), 0, beginning.length, 0)
    return buffer.toString('latin1', 0, bytesRead) === beginning
  } finally {
    await handle.close()
  }
}

/** Encrypts what goes through it by a passphrase, in the age format: `age --decrypt` reads it as well. */
export function encrypting(passphrase: string) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
    const { Encrypter } = await import('age-encryption')
    const encrypter = new Encrypter()
    encrypter.setPassphrase(passphrase)
    yield* (await encrypter.encrypt(Readable.toWeb(Readable.from(source)) as WebStream)) as ReadableStream<Uint8Array>
  }
}

/** The content of an encrypted file. Rejects with an AgentError (BACKUP_BROKEN) where the passphrase is not the one. */
export async function decrypted(path: string, passphrase: string): Promise<Readable> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  decrypter.addPassphrase(passphrase)
  const file = createReadStream(path)
  try {
    const content = await decrypter.decrypt(Readable.toWeb(file) as WebStream)
    return Readable.fromWeb(content)
  } catch (error) {
    file.destroy()
    throw new AgentError(
      'BACKUP_BROKEN',
      `${path} cannot be decrypted: the passphrase is another one, or its beginning is damaged`,
      {
        cause: error,
        remedy: 'Give the passphrase that it was encrypted with, by --passphrase-file or MILLWRIGHT_PASSPHRASE.',
      },
    )
  }
}

/** The stream that the library's types name; Node's is the same. */
type WebStream = globalThis.ReadableStream<Uint8Array>
