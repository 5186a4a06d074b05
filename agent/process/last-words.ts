import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Logger, describeError } from '../core/index.ts'
import { packageRoot } from './version.ts'
import { writtenIn } from './written-in.ts'

/** Exit code after an error that no part of the agent was ready for: EX_SOFTWARE of sysexits.h. */
export const softwareError = 70

/**
 * Has an error that passed all borders end the process with its last words: the error, and the part of the agent that it
 * came from. The service manager starts it again; nothing that was acknowledged is lost by it. `leave` gets all parts on the
 * way of the error, for the next start.
 */
export function speakLastWords(log: Logger, leave?: (parts: readonly string[]) => void): void {
  const end = (error: unknown) => {
    const parts = partsOf(error)
    const [part] = parts as (string | undefined)[]
    leave?.(parts)
    const where = part === undefined ? '' : ` in ${part}`
    log.error(
      { error, ...(part !== undefined && { part }) },
      `the agent ends by an error${where}: ${describeError(error)}`,
    )
    process.exit(softwareError)
  }
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
}

/** The folders of the lines of the stack that are of the agent, the innermost first: `connectors/mqtt`. */
function partsOf(error: unknown): string[] {
  const parts = new Set<string>()
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  for (const [, url, line, column] of stack.matchAll(/(?:\(|at )(file:\/\/\S+?|\/\S+?):(\d+):(\d+)\)?$/gm)) {
    const file = url.startsWith('file:') ? fileURLToPath(url) : url
    const path = relative(packageRoot, writtenIn(file, Number(line), Number(column)))
    const [top, ...rest] = path.split(sep).filter((name) => name !== 'dist')
    if (top !== '..' && top !== 'node_modules' && rest.length > 0) parts.add([top, ...rest.slice(0, -1)].join('/'))
  }
  return [...parts]
}
