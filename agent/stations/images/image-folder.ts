import { readdir, realpath } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'
import { ConfigError, readWhole } from '../../core/index.ts'

const endings = new Set(['.jpg', '.jpeg', '.png', '.webp'])

/** Class of images that stand in no folder of their own. */
const goodLabel = 'good'

/** An image file; `label` is the folder it stands in. */
export interface ImageFile {
  /** Path within the folder. */
  readonly file: string
  readonly path: string
  readonly label: string
}

/**
 * Image files of a folder: one folder per class, or good images only, right in it. In order of class and file name.
 * Throws a ConfigError where there is none.
 */
export async function imageFiles(folder: string): Promise<ImageFile[]> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new ConfigError([{ path: 'images', message: `${folder} cannot be read` }], { cause })
  })
  const files = names
    .filter((name) => endings.has(extname(name).toLowerCase()))
    .map((name) => {
      const path = join(folder, name)
      const [first, ...rest] = relative(folder, path).split('/')
      return { file: name, path, label: rest.length > 0 ? first : goodLabel }
    })
  if (files.length === 0) {
    throw new ConfigError([{ path: 'images', message: `${folder} holds no JPEG, PNG or WebP files` }])
  }
  const root = await realpath(folder)
  for (const { file, path } of files)
    if ((await realpath(path).catch(() => undefined)) !== join(root, file))
      throw new ConfigError([{ path: 'images', message: `${path} is a symbolic link, or in one, which is not followed`, remedy: 'Put the images themselves there.' }]) // prettier-ignore
  return files.sort((a, b) => (a.label === b.label ? order(a.file, b.file) : order(a.label, b.label)))
}

/** Classes that a folder of images has, one folder each; none where it has no folders or cannot be read. */
export async function classFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** Reads the files' bytes. */
export async function readImages(files: readonly ImageFile[]) {
  return Promise.all(files.map(async ({ file, path, label }) => ({ name: file, label, image: await readWhole(path) })))
}

const collator = new Intl.Collator('en', { numeric: true })
const order = (a: string, b: string) => collator.compare(a, b) || (a < b ? -1 : 1)
