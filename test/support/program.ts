import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..', '..')
/** By its path: commands run in folders where the package cannot be found by name. */
export const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/**
 * What `node` is given to run the command line: as it is built where `npm test` has just built it, which starts in half the
 * time, else from the sources.
 */
export const program: readonly string[] = process.env.MILLWRIGHT_BUILT
  ? [join(root, 'dist', 'bundle', 'main.js')]
  : ['--import', tsx, join(root, 'agent', 'cli', 'main.ts')]
