import { Option } from 'commander'
import { pino } from 'pino'
import type { Config } from '../settings/index.ts'
import type { Logger } from '../core/index.ts'

/** A logger whose least severe level can be changed. */
export interface LevelLogger extends Logger {
  setLevel(level: Config['log']['level']): void
}

/** Of commands that run until they are stopped. */
export const jsonLogOption = () => new Option('--json', 'log JSON lines, for programs, on a terminal as well')

/** Logs JSON lines to stderr, where a service manager collects them; on a terminal short lines for people. */
export function createLogger({ log, site }: Config, terminal = process.stderr.isTTY): LevelLogger {
  if (terminal) return terminalLogger(log.level)
  const options = { level: log.level, base: { site }, errorKey: 'error', timestamp: pino.stdTimeFunctions.isoTime }
  const logger = pino(options, pino.destination({ dest: 2, sync: true }))
  return Object.assign(logger, { setLevel: (level: string) => (logger.level = level) })
}

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const
const marks = { debug: '·', info: '·', warn: '!', error: '✖' } as const

function terminalLogger(least: (typeof levels)[number]): LevelLogger {
  const write = (level: keyof typeof marks) => (fields: object, message: string) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return
    const time = new Date().toTimeString().slice(0, 8)
    const details = Object.entries(fields).map(([key, value]) => `${key}=${text(value)}`)
    process.stderr.write(`${time} ${marks[level]} ${[message, ...details].join('  ')}\n`)
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    setLevel: (level) => (least = level),
  }
}

function text(value: unknown): string {
  if (value instanceof Error) return value.message
  return typeof value === 'string' ? value : JSON.stringify(value)
}
