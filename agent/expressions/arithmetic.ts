import type { ASTNode, Environment } from '@marcbachmann/cel-js'
import { textOf } from './nodes.ts'
import { Undecided } from './undecided.ts'

interface Length {
  addDuration(other: Length): Length
  subtractDuration(other: Length): Length
}

/** Of decimal numbers, whatever they were written as: 7 / 2 is 3.5. */
const signs: Readonly<Record<string, { readonly name: string; readonly of: (a: number, b: number) => number }>> = {
  '+': { name: '_sum', of: (a, b) => a + b },
  '-': { name: '_difference', of: (a, b) => a - b },
  '*': { name: '_product', of: (a, b) => a * b },
  '/': { name: '_quotient', of: (a, b) => a / b },
  '%': { name: '_remainder', of: (a, b) => a % b },
}

/**
 * CEL's own arithmetic lets a division by zero be infinite and true in a comparison, and mixes its two kinds of numbers up
 * where a signal is one of them. Expressions run with these in its place: what is no finite number makes them undecided.
 */
export function registerArithmetic(environment: Environment): void {
  for (const [sign, { name, of }] of Object.entries(signs))
    environment.registerFunction(`${name}(dyn, dyn): dyn`, (a: unknown, b: unknown) => calculated(sign, of, a, b))
}

function calculated(sign: string, of: (a: number, b: number) => number, a: unknown, b: unknown): unknown {
  if (isNumber(a) && isNumber(b)) {
    if ((sign === '/' || sign === '%') && Number(b) === 0) throw new Undecided('it divides by zero')
    const result = of(Number(a), Number(b))
    if (Number.isFinite(result)) return result
    throw new Undecided(`${Number(a)} ${sign} ${Number(b)} is no finite number`)
  }
  if (sign === '+' && typeof a === 'string' && typeof b === 'string') return a + b
  if (isLength(a) && isLength(b)) {
    if (sign === '+') return a.addDuration(b)
    if (sign === '-') return a.subtractDuration(b)
  }
  throw new Undecided(`${shown(a)} ${sign} ${shown(b)} cannot be calculated`)
}

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'
const isLength = (value: unknown): value is Length => typeof value === 'object' && value !== null && 'addDuration' in value // prettier-ignore
const shown = (value: unknown): string => (typeof value === 'string' ? `"${value.slice(0, 40)}"` : isNumber(value) || typeof value === 'boolean' ? String(value) : 'that') // prettier-ignore

/** The text of an expression with this arithmetic in place of CEL's. */
export function withArithmetic(node: ASTNode): string {
  return textOf(node, (sign, left, right) =>
    Object.hasOwn(signs, sign) ? `${signs[sign].name}(${left}, ${right})` : undefined,
  )
}
