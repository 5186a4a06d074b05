import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { grafanaFiles } from '../../config/grafana/source/index.ts'
import { deadReasons, errorCodes, metrics, roles } from '../core/index.ts'
import { leastRoles, openApi, operations } from '../http/index.ts'
import { packageRoot, version } from '../process/index.ts'
import { configurationSchema } from './schema.ts'

/**
 * `npm run docs`: writes the references that are printed from code. With `--check` it writes nothing and fails where a
 * committed one differs.
 */
const folder = join(packageRoot, 'config', 'reference')
const files: Record<string, string> = {
  [join(packageRoot, 'config', 'schema.json')]: `${JSON.stringify(configurationSchema(), null, 2)}\n`,
  [join(folder, 'configuration.md')]: configuration(configurationSchema()),
  [join(folder, 'metrics.md')]: metricsReference(),
  [join(folder, 'errors.md')]: errorsReference(),
  [join(folder, 'roles.md')]: rolesReference(),
  ...Object.fromEntries(
    Object.entries(grafanaFiles()).map(([file, text]) => [join(packageRoot, 'config', 'grafana', file), text]),
  ),
  [join(folder, 'openapi.json')]: `${JSON.stringify(openApi(version), null, 2)}\n`,
}

interface Schema {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
}

const stale = Object.entries(files).filter(([file, text]) => !isCurrent(file, text))
if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is not what the code says: run npm run docs and commit it`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  for (const [file, text] of stale) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  console.log(`${Object.keys(files).length} references, ${stale.length} written`)
}

function isCurrent(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') === text
  } catch {
    return false
  }
}

/** One section per part of the file, one table row per key. */
function configuration(schema: Schema): string {
  const { connectors, clean, ...others } = schema.properties!
  const sections = [
    '# Configuration',
    'Printed from the schemas beside the code; `millwright schema` prints the same as JSON Schema. Durations are written `250ms`, `30s`, `5m`, `2h`, `7d`; sizes `64kB`, `2GB`. `${NAME}` in a text is taken from the environment, or from the file that `NAME_FILE` names. `MILLWRIGHT_SITE`, `MILLWRIGHT_DATA`, `MILLWRIGHT_LOG_LEVEL`, `MILLWRIGHT_HTTP_ENABLED`, `MILLWRIGHT_HTTP_HOST`, `MILLWRIGHT_HTTP_PORT` and `MILLWRIGHT_HTTP_NAMES` (separated by commas) override the file, and the options of the command line override them.',
    '## Top level',
    table({ properties: { ...others, connectors, clean }, required: schema.required }),
    '## connectors',
    ...choices(connectors.additionalProperties as Schema).flatMap((choice) => [
      `### type: ${String(choice.properties?.type.const)}`,
      table(choice),
    ]),
    '## clean',
    'A list; each item names one operator: `- despike: { window: 7 }`, or `- despike` for its defaults.',
    ...choices(clean.items!).flatMap((choice) =>
      Object.entries(choice.properties ?? {}).flatMap(([name, operator]) => [`### ${name}`, table(operator)]),
    ),
  ]
  return `${sections.join('\n\n')}\n`
}

/** The alternatives, with alternatives of alternatives side by side. */
function choices(schema: Schema): Schema[] {
  const options = schema.oneOf ?? schema.anyOf
  return options ? options.flatMap(choices) : [schema]
}

function table(schema: Schema): string {
  const rows = rowsOf(schema, '')
  if (rows.length === 0) return 'No settings.'
  return ['| key | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function rowsOf({ properties = {}, required = [] }: Schema, prefix: string): string[] {
  return Object.entries(properties).flatMap(([key, value]) => {
    const path = `${prefix}${key}`
    const own = value.default === undefined ? (required.includes(key) ? '**required**' : '') : code(value.default)
    const row = `| \`${path}\` | ${kindOf(value)} | ${own} | ${escape(value.description ?? '')} |`
    return [row, ...innerRows(value, path)]
  })
}

function innerRows(value: Schema, path: string): string[] {
  if (value.items?.oneOf) return []
  if (value.items) return innerRows(value.items, `${path}[]`).concat(rowsOf(value.items, `${path}[].`))
  const entry = typeof value.additionalProperties === 'object' ? value.additionalProperties : undefined
  if (entry?.properties) return rowsOf(entry, `${path}.NAME.`)
  if (value.properties) return rowsOf(value, `${path}.`)
  return value.oneOf || value.anyOf ? choices(value).flatMap((option) => rowsOf(option, `${path}.`)) : []
}

function kindOf(value: Schema): string {
  if (value.title !== undefined) return value.title
  if (value.const !== undefined) return code(value.const)
  if (value.enum) return value.enum.map(code).join(', ')
  const options = value.oneOf ?? value.anyOf
  if (options) return [...new Set(options.map(kindOf))].join(' or ')
  if (value.items) return value.items.oneOf ? 'list of operators' : `list of ${kindOf(value.items)}`
  return String(value.type ?? 'object')
}

function code(value: unknown): string {
  return `\`${escape(typeof value === 'string' ? value : JSON.stringify(value))}\``
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function metricsReference(): string {
  const rows = Object.entries(metrics).map(
    ([name, { type, labels, help }]) => `| \`millwright_${name}\` | ${type} | ${labels.join(', ')} | ${escape(help)} |`,
  )
  return `# Metrics\n\nAt \`/metrics\`, in the Prometheus text format.\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

/** What each role may do. */
function rolesReference(): string {
  const meanings = Object.entries(roles).map(([name, meaning]) => `| \`${name}\` | ${escape(meaning)} |`)
  const rows = Object.entries(operations).map(([name, { access, summary }]) => {
    const least = access === 'open' ? 'everybody' : leastRoles[name as keyof typeof leastRoles]
    const open = access === 'read' ? 'unless `http.read` is `token`' : ''
    return `| \`${name}\` | ${least} | ${open} | ${escape(summary)} |`
  })
  return [
    '# Roles',
    '`millwright token add NAME --role ROLE` gives out a token; each role may do what those before it may. The token of the file `http-token` is an admin’s. A reverse proxy may name people and their roles instead: `http.proxy`.',
    ['| role | what it may do |', '|---|---|', ...meanings].join('\n'),
    '## Operations',
    ['| operation | least role | open to everybody | what it does |', '|---|---|---|---|', ...rows].join('\n'),
    '',
  ].join('\n\n')
}

function errorsReference(): string {
  const errors = Object.entries(errorCodes).map(
    ([name, { retryable, meaning }]) => `| \`${name}\` | ${retryable ? 'yes' : 'no'} | ${escape(meaning)} |`,
  )
  const reasons = Object.entries(deadReasons).map(([name, meaning]) => `| \`${name}\` | ${escape(meaning)} |`)
  return [
    '# Errors and dead letters',
    'Every error names its code, its cause and, where there is one, the remedy.',
    ['| code | tried again | meaning |', '|---|---|---|', ...errors].join('\n'),
    '## Dead letters',
    'What cannot be used or delivered is put aside with one of these reasons; nothing is thrown away silently.',
    ['| reason | meaning |', '|---|---|', ...reasons].join('\n'),
    '',
  ].join('\n\n')
}
