import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

/** A file that is not read for what it is: a link, a device, a pipe. `code` as of a system error, so that it is told apart. */
export class NotAFile extends Error {
  readonly code = 'ENOTAFILE'
}

/**
 * Opens a file for reading, and only a file: whoever may write into a folder must not be able to have the agent read what
 * only the agent may, by a link to it, or wait for a pipe that nobody writes to. Rejects with `NotAFile`, or as `open` does.
 */
export async function openFile(path: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error
    throw new NotAFile(`${path} is a symbolic link, which is not followed: name the file itself`, { cause: error })
  })
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new NotAFile(`${path} is no regular file`)
}

/** All of a file, see `openFile`. Rejects where it is larger than `most` bytes. */
export async function readWhole(path: string, most = 2 ** 31): Promise<Buffer> {
  const handle = await openFile(path)
  try {
    const { size } = await handle.stat()
    if (size > most) throw new NotAFile(`${path} has ${size} bytes, more than the ${most} that are read of it`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}
