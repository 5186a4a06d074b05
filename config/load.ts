import { readFileSync } from 'node:fs'
import convict from 'convict'
import { LineCounter, isMap, isScalar, parseDocument, visit, type Document } from 'yaml'
import type { z } from 'zod'
import { ConfigError, type ConfigProblem, describeError } from '../agent/core/index.ts'
import { explainIssues } from './problems.ts'
import { danglingReferences, sharedNames } from './schema.ts'
import { stationReferences } from './station-references.ts'

/** Settings that the environment and the command line may override, in convict's order: file < environment < arguments. */
const layered = {
  site: { env: 'MILLWRIGHT_SITE', arg: 'site' },
  data: { env: 'MILLWRIGHT_DATA', arg: 'data' },
  'log.level': { env: 'MILLWRIGHT_LOG_LEVEL', arg: 'log-level' },
  'http.enabled': { env: 'MILLWRIGHT_HTTP_ENABLED', arg: 'http-enabled' },
  'http.host': { env: 'MILLWRIGHT_HTTP_HOST', arg: 'http-host' },
  'http.port': { env: 'MILLWRIGHT_HTTP_PORT', arg: 'http-port' },
  'http.names': { env: 'MILLWRIGHT_HTTP_NAMES', arg: 'http-names' },
} as const

export interface LoadOptions<Schema extends z.ZodType> {
  readonly schema: Schema
  readonly env?: NodeJS.ProcessEnv
  /** Command-line words such as `--http-port=0`. */
  readonly args?: readonly string[]
}

/** Reads a YAML file and validates it. Throws a ConfigError that lists every problem with its line. */
export function loadConfig<Schema extends z.ZodType>(file: string, options: LoadOptions<Schema>): z.output<Schema> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `cannot read ${file}: ${describeError(cause)}`
    const remedy = 'Name it with --config, or make one from your plant: millwright init opc.tcp://... or mqtt://...'
    throw new ConfigError([{ path: '', message, remedy }], { cause, code: 'CONFIG_UNREADABLE' })
  }
  return parseConfig(text, options)
}

/** The same for a text. */
export function parseConfig<Schema extends z.ZodType>(
  text: string,
  { schema, env = process.env, args = [] }: LoadOptions<Schema>,
): z.output<Schema> {
  const lines = new LineCounter()
  const document = readable(() => parseDocument(text, { lineCounter: lines, prettyErrors: false }))
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(({ message, pos }) => ({ path: '', message, ...at(lines, pos[0]) })),
      { code: 'CONFIG_UNREADABLE' },
    )
  }
  const problems = substitute(document, lines, env)
  if (document.contents === null || isMap(document.contents)) override(document, env, args)
  const raw: unknown = readable(() => document.toJS() as unknown) ?? {}
  const result = schema.safeParse(raw)
  const references = [...danglingReferences(raw), ...sharedNames(raw), ...stationReferences(raw)]
  const issues = [...(result.error?.issues ?? []), ...references].filter(
    ({ path }) => !unresolved.test(String(document.getIn(path))),
  )
  problems.push(...explainIssues(issues, schema, document, lines, text))
  if (problems.length > 0) throw new ConfigError(problems)
  return result.data as z.output<Schema>
}

/** Aliases that stand for too much, nested too deep: such a text is no configuration. */
function readable<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    const message = `the file cannot be read as YAML: ${describeError(cause)}`
    throw new ConfigError([{ path: '', message }], { cause, code: 'CONFIG_UNREADABLE' })
  }
}

/** A name that the environment should have filled in; once it is missing, what else is wrong with its value says nothing. */
const unresolved = /\$\{(\w+)\}/

/** Replaces `${NAME}` in texts by the environment, or by the content of the file that `NAME_FILE` names. */
function substitute(document: Document, lines: LineCounter, env: NodeJS.ProcessEnv): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string') return
      node.value = node.value.replace(new RegExp(unresolved, 'g'), (whole, name: string) => {
        const file = env[`${name}_FILE`]
        const value = env[name] ?? (file === undefined ? undefined : readSecret(file))
        if (value !== undefined) return value
        problems.push({
          path: '',
          message: `the environment has no ${name}; set it, or ${name}_FILE to the path of a file that holds it`,
          ...at(lines, node.range?.[0] ?? 0),
        })
        return whole
      })
    },
  })
  return problems
}

function readSecret(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** Lets environment and arguments override the file, through convict. */
function override(document: Document, env: NodeJS.ProcessEnv, args: readonly string[]): void {
  const shape: Record<string, unknown> = {}
  for (const [path, { env, arg }] of Object.entries(layered)) {
    shape[path.replace('.', '-')] = { format: '*', default: null, nullable: true, env, arg }
  }
  const layers = convict(shape as convict.Schema<Record<string, unknown>>, { env, args: [...args] })
  for (const path of Object.keys(layered)) {
    const value = layers.get(path.replace('.', '-')) as string | null
    if (value === null) continue
    const keys = path.split('.')
    const current = document.getIn(keys, true)
    const parsed = readOverride(path, value)
    if (isScalar(current)) current.value = parsed
    else document.setIn(keys, parsed)
  }
}

function readOverride(path: string, value: string): unknown {
  if (path === 'http.enabled') return value === 'true' || value === '1'
  return path === 'http.names' ? value.split(',').map((name) => name.trim()) : value
}

function at(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}
