import type { ASTNode } from '@marcbachmann/cel-js'

/** A node with all below it. */
export function nodesOf(node: ASTNode): ASTNode[] {
  return [node, ...childrenOf(node).flatMap(nodesOf)]
}

/** What stands directly below a node. */
export function childrenOf(node: ASTNode): ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
    default:
      return [...node.args]
  }
}

/** An expression as text, whole in itself wherever it stood. `binary` may write an operator with two sides in its own way. */
export function textOf(
  node: ASTNode,
  binary: (sign: string, left: string, right: string) => string | undefined = () => undefined,
): string {
  const text = (inner: ASTNode) => textOf(inner, binary)
  const list = (inner: readonly ASTNode[]) => inner.map(text).join(', ')
  switch (node.op) {
    case 'value':
    case 'id':
      return node.input.slice(node.start, node.end)
    case '.':
    case '.?':
      return `(${text(node.args[0])})${node.op}${node.args[1]}`
    case '[]':
    case '[?]':
      return `(${text(node.args[0])})${node.op.slice(0, -1)}${text(node.args[1])}]`
    case 'call':
      return `${node.args[0]}(${list(node.args[1])})`
    case 'rcall':
      return `(${text(node.args[1])}).${node.args[0]}(${list(node.args[2])})`
    case 'list':
      return `[${list(node.args)}]`
    case 'map':
      return `{${node.args.map(([key, value]) => `${text(key)}: ${text(value)}`).join(', ')}}`
    case '?:':
      return `(${text(node.args[0])} ? ${text(node.args[1])} : ${text(node.args[2])})`
    case '!_':
    case '-_':
      return `${node.op.charAt(0)}(${text(node.args)})`
    default: {
      const [left, right] = node.args.map(text)
      return binary(node.op, left, right) ?? `(${left} ${node.op} ${right})`
    }
  }
}
