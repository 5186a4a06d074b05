import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { loadConfig } from '../../config/index.ts'
import { schema } from '../settings/index.ts'
import { ConfigError, describeError } from '../core/index.ts'
import type { Agent } from '../supervisor.ts'
import type { Loaded } from './configuration.ts'
import { describeProblem } from './explain.ts'
import type { LevelLogger } from './logger.ts'

/** How often the file is looked at, ms. By its time and size, so that it works on network drives and mounted volumes. */
const lookEvery = 1_000
/** How long it must stay as it is before it is read as a whole, ms. */
const settleFor = 500

/**
 * Reloads the configuration when its file changes, and on SIGHUP. It is validated first: a bad file changes nothing, and
 * the log says what is wrong with it, line by line. Returns what ends the watching.
 */
export function reloadOnChange(
  file: string,
  { text: first, args }: Loaded,
  agent: Agent,
  log: LevelLogger,
): () => void {
  let text = first
  const reload = async (why: string) => {
    try {
      const now = readFileSync(file, 'utf8')
      if (now.trim() === '') throw new ConfigError([{ path: '', message: 'the file is empty' }])
      const config = loadConfig(file, { schema, args })
      text = now
      const changes = await agent.reload({ config, text })
      log.follow(config)
      if (changes.length === 0) log.info({ file }, `${why}: the configuration is as before`)
      else log.info({ file, changes }, `${why}: the configuration was reloaded`)
    } catch (error) {
      if (!(error instanceof ConfigError))
        log.error({ file }, `${why}: the configuration was not reloaded: ${describeError(error)}`)
      else
        for (const problem of error.problems)
          log.error({ file }, `${why}: the configuration is not used: ${describeProblem(problem, file)}`)
    }
  }
  let settling: NodeJS.Timeout | undefined
  const changed = () => {
    const seen = readOr(file, text)
    clearTimeout(settling)
    // An editor may be half-way through: an empty or half file can be a right one that stops everything.
    settling = setTimeout(() => {
      const now = readOr(file, text)
      if (now !== seen) changed()
      else if (now !== text && now.trim() !== '') {
        // Also where it is bad: it is told once, not each second.
        text = now
        void reload('the file has changed')
      }
    }, settleFor)
  }
  const hangUp = () => void reload('SIGHUP')
  watchFile(file, { interval: lookEvery }, changed)
  process.on('SIGHUP', hangUp)
  return () => {
    unwatchFile(file, changed)
    clearTimeout(settling)
    process.off('SIGHUP', hangUp)
  }
}

/** A file that is gone for a moment is being written. */
function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}
