import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds package.json: one up from here in a checkout, two in the built package. */
export const packageRoot = findRoot(dirname(fileURLToPath(import.meta.url)))

/** The agent's version. */
export const version = (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string })
  .version

function findRoot(folder: string): string {
  try {
    readFileSync(join(folder, 'package.json'))
    return folder
  } catch {
    return findRoot(dirname(folder))
  }
}
