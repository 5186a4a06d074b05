import { statSync } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
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
 * Of folders those that are usually tables; `leftOut` is told links, which are not followed. Throws a SourceError (SOURCE_DATA) where there is none.
 */
export async function filesOf(
  read: string | readonly string[],
  leftOut: (link: string) => void = () => undefined,
): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>()
  for (const path of typeof read === 'string' ? [read] : read) {
    for (const file of await filesAt(path, leftOut)) if (!found.has(file.path)) found.set(file.path, file)
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

async function filesAt(path: string, leftOut: (link: string) => void): Promise<FoundFile[]> {
  const at = await lstat(path).catch(() => undefined)
  if (at?.isSymbolicLink()) await checkFolder(path)
  else if (at && !at.isDirectory()) return [{ path, named: true }]
  const isPattern = /[*?]/.test(path)
  if (!at && !isPattern) return [{ path, named: true }]
  const folder = at ? path : path.slice(0, path.search(/[*?]/)).replace(/[^/\\]*$/, '') || '.'
  const fits = at ? (name: string) => usual.test(name) && !name.includes(sep) : matcher(path, folder)
  const names = await readdir(folder, { recursive: isPattern }).catch((error: unknown) => {
    throw new SourceError('SOURCE_DATA', `cannot read ${folder}: ${describeError(error)}`, { cause: error, remedy: 'Check that the folder is there and may be read.' }) // prettier-ignore
  })
  const root = await realpath(folder)
  const files: FoundFile[] = []
  for (const name of names.sort()) {
    const file = join(folder, name)
    if (!fits(name) || !(await stat(file).catch(() => undefined))?.isFile()) continue
    if (await isOwn(file, join(root, name))) files.push({ path: file, named: false })
    else leftOut(file)
  }
  if (files.length > 0) return files
  throw new SourceError('SOURCE_DATA', `no file fits ${path}; links are not followed`, {
    remedy: at ? 'Files of a folder are read that end in csv, tsv, txt, dat, asc, prn or log; name others by a pattern.' : 'Check the pattern, seen from the folder the agent runs in.', // prettier-ignore
  })
}

/** The folder itself may be named by a link: whoever names it means it. A file may not, see `openFile`. */
async function checkFolder(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined))?.isDirectory()) return
  throw new SourceError('SOURCE_DATA', `${path} is a symbolic link, which is not followed`, { remedy: 'Name the file itself under `read`.' }) // prettier-ignore
}

/** Whether it is a file, and reached through no link: whoever may write into a folder could have any other file read. */
async function isOwn(file: string, real: string): Promise<boolean> {
  const isFile = (await lstat(file).catch(() => undefined))?.isFile() ?? false
  return isFile && (await realpath(file).catch(() => undefined)) === real
}

function matcher(pattern: string, folder: string): (name: string) => boolean {
  const own = folder === '.' && !pattern.startsWith('./') ? pattern : pattern.slice(folder.length)
  const wanted = own.split('/').filter((level) => level !== '')
  return (name) => {
    const levels = name.split(sep)
    return levels.every((level) => !level.startsWith('.')) && fitsLevels(wanted, levels)
  }
}

/** Whether the folders and name of a path fit those of a pattern, `**` standing for any of them; in a time that grows with both. */
function fitsLevels(wanted: readonly string[], levels: readonly string[]): boolean {
  // By place in the path: whether the pattern so far may end there.
  let ends = levels.map(() => false)
  ends.unshift(true)
  for (const level of wanted) {
    const before = ends
    ends = before.map((_, at) => at > 0 && before[at - 1] && level !== '**' && fitsName(level, levels[at - 1]))
    if (level === '**') {
      const from = before.indexOf(true)
      ends = before.map((_, at) => from >= 0 && at >= from)
    }
  }
  return ends[levels.length]
}

/** Wildcards within a name: the last `*` gives way, so nothing is tried twice (R. Cox, "Glob matching can be simple and fast too"). */
function fitsName(wanted: string, name: string): boolean {
  let [at, star, mark] = [0, -1, 0]
  for (let place = 0; place < name.length;) {
    if (wanted[at] === '*') [star, mark] = [at++, place]
    else if (wanted[at] === '?' || (at < wanted.length && wanted[at] === name[place])) [at, place] = [at + 1, place + 1]
    else if (star >= 0) [at, place] = [star + 1, ++mark]
    else return false
  }
  while (wanted[at] === '*') at++
  return at === wanted.length
}
