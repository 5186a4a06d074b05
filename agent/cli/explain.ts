import { CommanderError } from 'commander'
import { ConfigError, type ConfigProblem, MillwrightError, describeError } from '../core/index.ts'

/** Prints an error for the person at the terminal; returns the exit code: 1 failure, 2 usage, 78 configuration. */
export function explain(error: unknown, file = ''): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (process.argv.includes('--json')) return explainJson(error, file)
  if (error instanceof ConfigError) {
    const where = error.problems.length === 1 ? 'There is a problem' : `There are ${error.problems.length} problems`
    console.error(`${where} in the configuration:`)
    for (const problem of error.problems) console.error(`  ${describeProblem(problem, file)}`)
    return 78
  }
  console.error(`millwright: ${describeError(error)}`)
  if (error instanceof MillwrightError) {
    if (error.remedy !== undefined) console.error(`  ${error.remedy}`)
    console.error(`  (${error.code})`)
  } else if (process.env.MILLWRIGHT_DEBUG && error instanceof Error) console.error(error.stack)
  return 1
}

/** The same for programs: one JSON object on stderr. */
function explainJson(error: unknown, file: string): number {
  const own = error instanceof MillwrightError ? { code: error.code, remedy: error.remedy } : {}
  const problems = error instanceof ConfigError ? { file, problems: error.problems } : {}
  console.error(JSON.stringify({ error: { message: describeError(error), ...own, ...problems } }))
  return error instanceof ConfigError ? 78 : 1
}

/** `plant.yaml:12:5 monitors.pump.window: expected a duration such as 30s` */
export function describeProblem({ path, message, line, column, remedy }: ConfigProblem, file: string): string {
  const place = line === undefined ? file : `${file || 'line '}${file ? ':' : ''}${line}:${column ?? 1}`
  return [place, path && `${path}:`, message, remedy && `\n    ${remedy}`].filter(Boolean).join(' ')
}
