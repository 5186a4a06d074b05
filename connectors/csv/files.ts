import { statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { SourceError, describeError, type Finding } from '../../agent/core/index.ts'

/** A file to be read. `named`: by its own path, not found in a folder or by a pattern. */
export interface FoundFile {
  readonly path: string
  readonly named: boolean
}

const usual = /\.(csv|tsv|txt|dat|asc|prn|log)(\.gz)?$/i

/**
 * The files that paths, folders and patterns (`*` within a name, `**` for any folders, `?`) stand for, each once, by name.
 * Of folders those that are usually tables. Throws a SourceError (SOURCE_DATA) where there is none.
 */
export async function filesOf(read: string | readonly string[]): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>()
  for (const path of typeof read === 'string' ? [read] : read) {
    for (const file of await filesAt(path)) if (!found.has(file.path)) found.set(file.path, file)
  }
  return [...found.values()]
}

/** What can be told of files before anything is read: one that is named and missing, or empty. */
export function* adviseOf({ read }: { readonly read?: string | readonly string[] | undefined }): Generator<Finding> {
  for (const path of [read ?? []].flat()) {
    if (/[*?]/.test(path)) continue
    const found = statSync(path, { throwIfNoEntry: false })
    if (!found) yield { level: 'trouble', text: `there is no ${path}`, remedy: 'Check the path, seen from the folder the agent runs in.' } // prettier-ignore
    else if (found.isFile() && found.size === 0) yield { level: 'trouble', text: `${path} is empty`, remedy: 'Export it again.' } // prettier-ignore
  }
}

async function filesAt(path: string): Promise<FoundFile[]> {
  const at = await stat(path).catch(() => undefined)
  if (at && !at.isDirectory()) return [{ path, named: true }]
  const isPattern = /[*?]/.test(path)
  if (!at && !isPattern) return [{ path, named: true }]
  const folder = at ? path : path.slice(0, path.search(/[*?]/)).replace(/[^/\\]*$/, '') || '.'
  const fits = at ? (name: string) => usual.test(name) && !name.includes(sep) : matcher(path, folder)
  const names = await readdir(folder, { recursive: isPattern }).catch((error: unknown) => {
    throw new SourceError('SOURCE_DATA', `cannot read ${folder}: ${describeError(error)}`, { cause: error, remedy: 'Check that the folder is there and may be read.' }) // prettier-ignore
  })
  const files: FoundFile[] = []
  for (const name of names.sort()) {
    const file = join(folder, name)
    if (fits(name) && (await stat(file).catch(() => undefined))?.isFile()) files.push({ path: file, named: false })
  }
  if (files.length > 0) return files
  throw new SourceError('SOURCE_DATA', `no file fits ${path}`, {
    remedy: at ? 'Files of a folder are read that end in csv, tsv, txt, dat, asc, prn or log; name others by a pattern.' : 'Check the pattern, seen from the folder the agent runs in.', // prettier-ignore
  })
}

function matcher(pattern: string, folder: string): (name: string) => boolean {
  const own = folder === '.' && !pattern.startsWith('./') ? pattern : pattern.slice(folder.length)
  const source = own
    .split(/(\*\*\/?|\*|\?)/)
    .map((part) =>
      part.startsWith('**')
        ? '(?:.*/)?'
        : part === '*'
          ? '[^/]*'
          : part === '?'
            ? '[^/]'
            : part.replace(/[.+^${}()|[\]\\]/g, '\\$&'),
    ) // prettier-ignore
    .join('')
  const expression = new RegExp(`^${source}$`)
  return (name) => expression.test(name.replaceAll(sep, '/')) && !/(^|\/)\./.test(name)
}
