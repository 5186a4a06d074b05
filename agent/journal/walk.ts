import { spawn } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'lmdb'
import { childEnvironment, streams } from '../core/index.ts'

/** How long a store is walked through, ms: what was written last comes first. */
const longest = 15_000
/** After this the process is given up, ms. */
const patience = 60_000

/**
 * Walks through a store in a process of its own: where a page is damaged, LMDB follows it wherever it points, and the process
 * may end. Resolves with what is wrong; undefined where nothing was found.
 */
export function walk(folder: string): Promise<string | undefined> {
  const script = fileURLToPath(new URL(`./walk${extname(import.meta.url)}`, import.meta.url))
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...process.execArgv, script, folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: childEnvironment(),
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), patience)
    let words = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2_000)))
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve(undefined)
      else
        resolve(
          signal
            ? `looking through it ended a process by ${signal}`
            : (/^\S*Error: .*$/m.exec(words)?.[0] ?? `looking through it ended with ${code}`),
        )
    })
  })
}

/** Reads keys and values, the newest first, as long as there is time. */
function look(folder: string): void {
  const end = performance.now() + longest
  const root = open<Uint8Array, string>({
    path: folder,
    noSubdir: false,
    encoding: 'binary',
    maxDbs: 4,
    readOnly: true,
  })
  let sum = 0
  for (const name of ['meta', ...streams]) {
    const table = root.openDB<Uint8Array, string | number>({ name, encoding: 'binary' })
    for (const { value } of table.getRange({ reverse: true })) {
      for (let at = 0; at < value.length; at += 4096) sum += value[at]
      if (performance.now() > end) return
    }
  }
  if (Number.isNaN(sum)) throw new Error('not a store')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) look(process.argv[2])
