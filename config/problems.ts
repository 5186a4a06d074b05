import type { z } from 'zod'
import { isMap, isNode, isScalar, type Document, type LineCounter, type Node } from 'yaml'
import type { ConfigProblem } from '../agent/core/index.ts'
import { keysAt, nearest } from './choice.ts'

type Issue = z.core.$ZodIssue

/** Every issue as a problem in plain words, at its place in the YAML document. */
export function explainIssues(
  issues: readonly Issue[],
  schema: z.ZodType,
  document: Document,
  lines: LineCounter,
  text: string,
): ConfigProblem[] {
  const problems = issues
    .flatMap((issue) => explain(issue, schema, document, text))
    .map((found) => {
      const position = found.offset === undefined ? undefined : lines.linePos(found.offset)
      return {
        path: found.path.map(String).join('.'),
        message: found.message,
        ...(position && { line: position.line, column: position.col }),
      }
    })
  return problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
}

interface Found {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly offset: number | undefined
}

function explain(issue: Issue, schema: z.ZodType, document: Document, text: string): Found[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key]
      return {
        path,
        message: `unknown key "${key}"${hint(key, (issue as { known?: string[] }).known ?? keysAt(schema, issue.path))}`,
        offset: offsetOfKey(document, path),
      }
    })
  }
  if (issue.code === 'invalid_union') {
    const branch = closestBranch(issue.errors)
    if (branch)
      return branch.flatMap((inner) =>
        explain({ ...inner, path: [...issue.path, ...inner.path] }, schema, document, text),
      )
  }
  const missing = !document.hasIn(issue.path) && issue.path.length > 0
  const last = String(issue.path.at(-1))
  const message =
    missing && issue.code === 'invalid_type' ? `"${last}" is missing (${plain(issue.message)})` : plain(issue.message)
  const aboutKey = issue.code === 'custom' && issue.params?.about === 'key'
  const piece = issue.code === 'custom' ? (issue.params?.piece as string | undefined) : undefined
  const offset = aboutKey ? offsetOfKey(document, issue.path) : (offsetOfPiece(document, issue.path, piece, text) ?? offsetOf(document, issue.path)) // prettier-ignore
  return [{ path: issue.path, message, offset }]
}

function plain(message: string): string {
  return message.replace(/^Invalid input: /, '').replace(/, received undefined$/, '')
}

/** The branch of a union that went furthest: the one whose first complaint lies deepest. */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (branch: readonly Issue[]) => Math.max(0, ...branch.map((issue) => issue.path.length))
  const ranked = branches
    .filter((branch) => branch.length > 0)
    .sort((a, b) => depth(b) - depth(a) || a.length - b.length)
  return ranked.at(0)
}

function hint(key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  return meant ? `; did you mean "${meant}"?` : known.length > 0 ? `; known keys: ${known.join(', ')}` : ''
}

/** Offset of a piece of the text at `path`, where the file has it as it is. */
function offsetOfPiece(
  document: Document,
  path: readonly PropertyKey[],
  piece: string | undefined,
  text: string,
): number | undefined {
  const node = piece === undefined ? undefined : document.getIn(path, true)
  if (!isScalar(node) || !node.range) return undefined
  const at = text.slice(node.range[0], node.range[1]).indexOf(piece!.split('\n')[0])
  return at < 0 ? undefined : node.range[0] + at
}

/** Offset of the value at `path`, or of the nearest parent that exists. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let depth = path.length; depth >= 0; depth--) {
    const key = offsetOfKey(document, path.slice(0, depth))
    if (key !== undefined) return key
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
    if (isNode(node) && (node as Node).range) return (node as Node).range![0]
  }
  return undefined
}

function offsetOfKey(document: Document, path: readonly PropertyKey[]): number | undefined {
  const parent = path.length <= 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (path.length === 0 || !isMap(parent)) return undefined
  const pair = parent.items.find(({ key }) => (isScalar(key) ? key.value : key) === path.at(-1))
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined
}
