import type { ASTNode } from '@marcbachmann/cel-js'
import type { Reader, Value } from './language.ts'

/** The value of an expression, or undefined where CEL itself has to say what it is. It may throw what the reader throws. */
export type Shortcut = (from: Reader) => Value | undefined

/**
 * Most conditions compare signals with numbers, thousands of times a minute. That is calculated here, and left to CEL as soon
 * as anything is out of the ordinary: a part that is not known, a text where a number is needed, a result that is not finite.
 * Undefined where the expression has anything else in it.
 */
export function shortcutOf(node: ASTNode): Shortcut | undefined {
  switch (node.op) {
    case 'value':
      return constant(node.args)
    case 'call':
      return signalOf(node.args[0], node.args[1])
    case '!_':
      return negated(truthOf(node.args))
    case '&&':
    case '||':
      return joined(node.op === '||', sides(node.args, truthOf))
    default:
      return Object.hasOwn(comparisons, node.op) || Object.hasOwn(signs, node.op) ? calculated(node.op, sides(node.args as ASTNode[])) : undefined // prettier-ignore
  }
}

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}
const signs: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
}

type Sides = readonly [Shortcut, Shortcut] | undefined

function sides([left, right]: readonly ASTNode[], of = shortcutOf): Sides {
  const [one, other] = [of(left), of(right)]
  return one && other ? [one, other] : undefined
}

/** Of what has to be true or false: CEL refuses a number there, whether it matters or not. */
function truthOf(node: ASTNode): Shortcut | undefined {
  return node.op === 'value' && typeof node.args !== 'boolean' ? undefined : shortcutOf(node)
}

function constant(value: unknown): Shortcut | undefined {
  const plain = typeof value === 'bigint' ? Number(value) : value
  return typeof plain === 'number' || typeof plain === 'boolean' ? () => plain : undefined
}

function signalOf(name: string, [argument]: readonly ASTNode[]): Shortcut | undefined {
  if (name !== 'signal' || argument.op !== 'value' || typeof argument.args !== 'string') return undefined
  const signal = argument.args
  return (from) => from.signal(signal)
}

function negated(inner: Shortcut | undefined): Shortcut | undefined {
  if (!inner) return undefined
  return (from) => {
    const value = inner(from)
    return typeof value === 'boolean' ? !value : undefined
  }
}

/** `decides`: the value of the left side that decides alone. */
function joined(decides: boolean, both: Sides): Shortcut | undefined {
  if (!both) return undefined
  const [left, right] = both
  return (from) => {
    const first = left(from)
    if (typeof first !== 'boolean') return undefined
    if (first === decides) return first
    const second = right(from)
    return typeof second === 'boolean' ? second : undefined
  }
}

function calculated(op: string, both: Sides): Shortcut | undefined {
  if (!both) return undefined
  const [left, right] = both
  const of = Object.hasOwn(comparisons, op) ? comparisons[op] : signs[op]
  return (from) => {
    const [one, other] = [left(from), right(from)]
    if (typeof one !== 'number' || typeof other !== 'number' || (op === '/' && other === 0)) return undefined
    const result = of(one, other)
    return typeof result === 'boolean' || Number.isFinite(result) ? result : undefined
  }
}
