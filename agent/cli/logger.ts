import { Option } from 'commander'
import { pino } from 'pino'
import { secretsOf, type Config } from '../settings/index.ts'
import { type Logger, Redaction, describeError, oneLine, printable } from '../core/index.ts'

/** A logger whose settings can be changed. */
export interface LevelLogger extends Logger {
  /** From now on the least severe level and the secrets of this configuration. */
  follow(config: Config): void
}

/** Of commands that run until they are stopped. */
export const jsonLogOption = () => new Option('--json', 'log JSON lines, for programs, on a terminal as well')

/**
 * Logs JSON lines to stderr, where a service manager collects them; on a terminal short lines for people. What far sides say
 * is bounded, on one line, without what acts on a terminal, and without the secrets of the configuration.
 */
export function createLogger(config: Config, terminal = process.stderr.isTTY): LevelLogger {
  let redaction = new Redaction(secretsOf(config))
  let least = config.log.level
  const write = terminal ? writeLine : jsonWriter(config)
  const log = (level: Level) => (fields: object, message: string) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return
    write(level, plainOf(fields, redaction) as object, textOf(message, redaction))
  }
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    follow: (next) => {
      redaction = new Redaction(secretsOf(next))
      least = next.log.level
    },
  }
}

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const
const marks = { debug: '·', info: '·', warn: '!', error: '✖' } as const
type Level = keyof typeof marks

function jsonWriter({ site }: Config) {
  const options = { level: 'debug', base: { site }, errorKey: 'error', timestamp: pino.stdTimeFunctions.isoTime }
  const logger = pino(options, pino.destination({ dest: 2, sync: true }))
  return (level: Level, fields: object, message: string): void => logger[level](fields, message)
}

function writeLine(level: Level, fields: object, message: string): void {
  const time = new Date().toTimeString().slice(0, 8)
  const details = Object.entries(fields).map(([key, value]) => `${key}=${text(value)}`)
  process.stderr.write(`${time} ${marks[level]} ${[message, ...details].join('  ')}\n`)
}

function text(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'stack' in value && 'message' in value)
    return String(value.message)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Characters of a message, and of each text in its fields. */
const longest = 2_000
/** Levels of fields, and entries of each, that are written. */
const deepest = 4
const widest = 100

function textOf(message: string, redaction: Redaction): string {
  return oneLine(redaction.apply(message.slice(0, 2 * longest)), longest)
}

/** Fields as they are written. */
function plainOf(value: unknown, redaction: Redaction, depth = 0): unknown {
  if (typeof value === 'string') return textOf(value, redaction)
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value
  if (value instanceof Error) return errorOf(value, redaction)
  if (depth >= deepest) return '...'
  if (hasJson(value)) return plainOf(value.toJSON(), redaction, depth + 1)
  if (Array.isArray(value)) return value.slice(0, widest).map((each) => plainOf(each, redaction, depth + 1))
  const entries = Object.entries(value).slice(0, widest)
  return Object.fromEntries(entries.map(([key, each]) => [oneLine(key), plainOf(each, redaction, depth + 1)]))
}

function hasJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

function errorOf(error: Error, redaction: Redaction): object {
  const { name, message, stack = '', cause } = error
  const lines = redaction
    .apply(stack.slice(0, 2 * longest))
    .split('\n')
    .map(printable)
  return {
    type: name,
    message: textOf(message, redaction),
    stack: lines.join('\n'),
    ...(cause !== undefined && { cause: textOf(describeError(cause), redaction) }),
  }
}
