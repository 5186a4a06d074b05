import type { Finding } from '../../core/index.ts'
import { harmless, paint } from '../output.ts'

/** Findings about one thing: the machine, a connector, the running agent. */
export interface Section {
  readonly title: string
  readonly findings: AsyncIterable<Finding>
}

const marks = { good: ['✔', 'green'], warning: ['!', 'yellow'], trouble: ['✖', 'red'] } as const

/** A finding as lines, the remedy below it. */
export function findingText({ level, text, remedy }: Finding): string {
  const [mark, colour] = marks[level]
  const more = remedy === undefined ? '' : `\n      ${paint('dim', harmless(remedy))}`
  return `  ${paint(colour, mark)} ${harmless(text)}${more}`
}

export function good(text: string): Finding {
  return { level: 'good', text }
}

export function warning(text: string, remedy: string): Finding {
  return { level: 'warning', text, remedy }
}

export function trouble(text: string, remedy: string): Finding {
  return { level: 'trouble', text, remedy }
}
