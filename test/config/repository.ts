import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { schema } from '../../agent/settings/schema.ts'
import { parseConfig } from '../../config/index.ts'
import { setUp } from '../http/fake-agent.ts'

/** The project's folder, and its files. */
export const root = join(import.meta.dirname, '..', '..')
export const text = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')

/** Where the agent listens if nobody says otherwise. */
export const { port } = parseConfig<typeof schema>('', { schema, env: {} }).http

/** The paths that something asks the agent for answer there. */
export async function answers(paths: readonly string[]): Promise<void> {
  assert.ok(paths.length > 0)
  for (const path of paths) assert.equal((await setUp().ask(path)).status, 200, path)
}
