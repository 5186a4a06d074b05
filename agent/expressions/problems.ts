import type { ASTNode } from '@marcbachmann/cel-js'
import { childrenOf, nodesOf, textOf } from './nodes.ts'
import { environment, functions, longest, type FunctionName } from './language.ts'

/** Something wrong with an expression, and the piece of its text that is meant. */
export interface ExpressionProblem {
  readonly message: string
  /** First character of the piece, from 0, and the first behind it. */
  readonly start: number
  readonly end: number
}

/** A call in an expression with the names that it gives. */
export interface Call {
  readonly name: FunctionName
  readonly names: readonly string[]
  readonly start: number
  readonly end: number
}

/** What an expression has to give: a truth, a number or text or truth, a text. */
export type Wanted = 'bool' | 'value'

interface ParsedError {
  readonly summary?: string
  readonly message: string
  readonly range?: { readonly start: number; readonly end: number }
}

/** What an expression calls; empty where it cannot be read. */
export function callsOf(text: string): readonly Call[] {
  const found = tryParse(text)
  return 'ast' in found ? nodesOf(found.ast).flatMap(callOf) : []
}

/** All that is wrong with an expression by itself; which monitors and signals there are is looked at elsewhere. */
export function problemsOf(text: string, wanted: Wanted): readonly ExpressionProblem[] {
  const whole = { start: 0, end: text.length }
  if (text.length > longest)
    return [{ ...whole, message: `the expression is ${text.length} characters long; ${longest} are allowed: split it with named states` }] // prettier-ignore
  const parsed = tryParse(text)
  if (!('ast' in parsed)) return [parsed]
  const nodes = nodesOf(parsed.ast)
  const own = nodes.flatMap((node) => refused(node))
  const types = own.length > 0 ? [] : typeProblems(parsed.ast)
  const problems = [...own, ...typesBeside(own, parsed.ast), ...types]
  if (problems.length > 0) return problems
  const { type = 'dyn' } = environment.check(text)
  const fits = type === 'dyn' || (wanted === 'bool' ? type === 'bool' : ['bool', 'int', 'double', 'string'].includes(type)) // prettier-ignore
  if (fits) return []
  const help = wanted === 'bool' ? 'a condition gives true or false: compare it, as in `> 5`' : 'a value is a number, a text, true or false' // prettier-ignore
  return [{ ...whole, message: `it gives ${typeNames[type] ?? type}; ${help}` }]
}

const typeNames: Readonly<Record<string, string>> = { double: 'a number', int: 'a number', string: 'a text', 'google.protobuf.Duration': 'a duration' } // prettier-ignore

function tryParse(text: string): { readonly ast: ASTNode } | ExpressionProblem {
  try {
    return { ast: environment.parse(text).ast }
  } catch (error) {
    const { summary, message, range } = error as ParsedError
    const start = Math.min(range?.start ?? 0, Math.max(0, text.length - 1))
    const limit = /^Exceeded/.test(summary ?? '') ? ': it is too deep or too long; split it with named states' : ''
    return { message: `${lower(summary ?? message)}${limit}`, start, end: Math.max(start + 1, range?.end ?? 0) }
  }
}

const macros: readonly string[] = ['all', 'exists', 'exists_one', 'map', 'filter']

function isMacro(node: ASTNode): boolean {
  return node.op === 'rcall' && macros.includes(node.args[0])
}

/** What is not in the language as it is here. */
function refused(node: ASTNode): ExpressionProblem[] {
  const { start, end } = node
  if (node.op === 'rcall' && node.args[0] === 'matches')
    return [{ start, end, message: 'matches() is not offered, as a pattern may take for ever: use contains(), startsWith() or endsWith()' }] // prettier-ignore
  if (node.op === 'rcall' && isMacro(node) && node.args[2].flatMap(nodesOf).some(isMacro))
    // prettier-ignore
    return [{ start, end, message: `${node.args[0]}() within another one is not offered: write it as two expressions` }]
  if (node.op !== 'call') return []
  const [name, args] = node.args
  if (!(name in functions))
    return builtIn.includes(name) ? [] : [{ start, end, message: `there is no function ${name}(); there are: ${Object.keys(functions).join(', ')}` }] // prettier-ignore
  const texts = args.every((arg) => arg.op === 'value' && typeof arg.args === 'string')
  return texts ? [] : [{ start, end, message: `${name}() takes names in quotes: ${functions[name as FunctionName]}` }]
}

/** Functions of CEL itself. */
const builtIn: readonly string[] = ['size', 'string', 'int', 'uint', 'double', 'bool', 'bytes', 'type', 'dyn', 'duration', 'timestamp'] // prettier-ignore

/** Problems of types in those parts that hold nothing that was refused already. */
function typesBeside(own: readonly ExpressionProblem[], node: ASTNode): ExpressionProblem[] {
  if (own.length === 0) return []
  const inside = own.some(({ start, end }) => node.start <= start && end <= node.end)
  if (!inside) return typeProblems(node)
  return isMacro(node) ? [] : childrenOf(node).flatMap((child) => typesBeside(own, child))
}

/** The smallest parts whose types do not fit, each by itself. */
function typeProblems(node: ASTNode): ExpressionProblem[] {
  const { valid, error } = environment.check(textOf(node))
  if (valid) return []
  // The variable of a macro is known within it only.
  const inner = isMacro(node) ? [] : childrenOf(node).flatMap(typeProblems)
  if (inner.length > 0) return inner
  const { summary, message } = error as ParsedError
  return [{ message: explained(lower(summary ?? message)), start: node.start, end: node.end }]
}

function explained(message: string): string {
  const unknown = /^unknown variable: (\w+)/.exec(message)?.[1]
  if (unknown !== undefined) return `there is no ${unknown} by itself: write signal("${unknown}")`
  const called = /^found no matching overload for '(\w+)\(/.exec(message)?.[1]
  const use = called !== undefined && called in functions ? `: ${functions[called as FunctionName]}` : ''
  return `${message}${use}`
}

function callOf(node: ASTNode): Call[] {
  if (node.op !== 'call' || !(node.args[0] in functions)) return []
  const names = node.args[1].flatMap((arg) => (arg.op === 'value' && typeof arg.args === 'string' ? [arg.args] : []))
  return [{ name: node.args[0] as FunctionName, names, start: node.start, end: node.end }]
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
