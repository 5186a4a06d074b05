import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join, relative, sep } from 'node:path'

/*
 * Runs the tests, as many files side by side as there are cores: `npm test` all of them, `npm test -- pipeline` those of a
 * room, `npm test -- test/pipeline/live.test.ts` those of a file. What follows `--` after that goes to mocha: `-- --grep NAME`.
 */

const root = import.meta.dirname
/** These take longest, so that they begin first and none is left to run alone at the end. */
const first = ['field/opcua', 'e2e', 'web', 'cli', 'models', 'journal']

const [wanted, options] = split(process.argv.slice(2))
const files = (wanted.length > 0 ? wanted.flatMap(filesOf) : filesIn(root)).sort((a, b) => rank(a) - rank(b))
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')
// One more than there are cores: many tests wait for something most of their time.
const jobs = String(Math.min(files.length, availableParallelism() + 1))
const isBuilt = files.some((file) => rank(file) < first.length) && build()
const { status } = spawnSync(
  process.execPath,
  [mocha, '--parallel', '--jobs', jobs, '--reporter', join(root, 'support', 'reporter.ts'), ...options, ...files],
  {
    stdio: 'inherit',
    env: { ...process.env, MILLWRIGHT_TEST_FILES: String(files.length), ...(isBuilt && { MILLWRIGHT_BUILT: '1' }) },
  },
)
process.exitCode = status ?? 1

/** Builds the command line, types unchecked: tests that start it by the hundred do so in half the time. False where that fails. */
function build(): boolean {
  const cwd = join(root, '..')
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const compiled = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck'], {
    cwd,
    stdio: 'inherit',
  })
  if (compiled.status !== 0) return false
  return spawnSync('npm', ['run', '--silent', 'build:assets'], { cwd, stdio: 'inherit' }).status === 0
}

/** Rooms and files, and what follows `--`. */
function split(words: readonly string[]): [string[], string[]] {
  const at = words.indexOf('--')
  return at < 0 ? [[...words], []] : [words.slice(0, at), words.slice(at + 1)]
}

/** The files that a word means: a path, or a room under `test`. */
function filesOf(word: string): string[] {
  const path = [word, join(root, word)].find((candidate) => existsSync(candidate))
  if (path === undefined) {
    const rooms = readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    )
    process.stderr.write(`There are no tests of "${word}". Name a file, or a room: ${rooms.join(', ')}.\n`)
    process.exit(2)
  }
  return statSync(path).isDirectory() ? filesIn(path) : [path]
}

function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.test.ts')).sort().map((name) => join(folder, name)) // prettier-ignore
}

function rank(file: string): number {
  const path = relative(root, file).split(sep).join('/')
  const at = first.findIndex((room) => path.startsWith(`${room}/`))
  return at < 0 ? first.length : at
}
