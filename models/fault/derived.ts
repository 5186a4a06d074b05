import type { Matrix } from '../matrix.ts'
import type { GraphPart } from '../onnx/graph.ts'

/** A column made of two others. */
export interface Derived {
  readonly operation: 'difference' | 'product'
  readonly left: number
  readonly right: number
}

/** Differences and products of all pairs of the given columns; of features, only pairs of the same kind, mean with mean. */
export function candidatesOf(columns: readonly number[], names: readonly string[]): Derived[] {
  const kind = (column: number) => names[column].slice(names[column].lastIndexOf('.') + 1)
  const named = names.every((name) => name.includes('.'))
  return columns.flatMap((left, i) =>
    columns.slice(i + 1).flatMap((right): Derived[] => {
      if (named && kind(left) !== kind(right)) return []
      return [
        { operation: 'difference', left, right },
        { operation: 'product', left, right },
      ]
    }),
  )
}

/** In the words of the report: `torque × speed`. */
export function nameOf({ operation, left, right }: Derived, names: readonly string[]): string {
  return `${names[left]} ${operation === 'product' ? '×' : '−'} ${names[right]}`
}

/** The matrix with the derived columns after its own, in float32 as the graph makes them. */
export function extended(data: Matrix, derived: readonly Derived[]): Matrix {
  if (derived.length === 0) return data
  const columns = data.columns + derived.length
  const values = new Float32Array(data.rows * columns)
  for (let row = 0; row < data.rows; row++) {
    const from = row * data.columns
    const to = row * columns
    values.set(data.values.subarray(from, from + data.columns), to)
    derived.forEach(({ operation, left, right }, at) => {
      const a = data.values[from + left]
      const b = data.values[from + right]
      values[to + data.columns + at] = operation === 'product' ? a * b : a - b
    })
  }
  return { rows: data.rows, columns, values }
}

/** The same within a graph: from `features` [batch, columns] to `output` [batch, columns and derived], float32. */
export function derivedPart(derived: readonly Derived[], input: string, output: string): GraphPart {
  const groups = (['difference', 'product'] as const)
    .map((operation) => ({ operation, pairs: derived.filter((one) => one.operation === operation) }))
    .filter(({ pairs }) => pairs.length > 0)
  const parts = groups.map(({ operation, pairs }) => ({
    steps: [
      {
        operator: 'Gather',
        inputs: [input, `${operation}_of`],
        outputs: [`${operation}_left`],
        attributes: { axis: 1 },
      },
      {
        operator: 'Gather',
        inputs: [input, `${operation}_by`],
        outputs: [`${operation}_right`],
        attributes: { axis: 1 },
      },
      {
        operator: operation === 'product' ? 'Mul' : 'Sub',
        inputs: [`${operation}_left`, `${operation}_right`],
        outputs: [operation],
      },
    ],
    constants: [
      indices(
        `${operation}_of`,
        pairs.map(({ left }) => left),
      ),
      indices(
        `${operation}_by`,
        pairs.map(({ right }) => right),
      ),
    ],
  }))
  const concat = {
    operator: 'Concat',
    inputs: [input, ...groups.map(({ operation }) => operation)],
    outputs: [output],
    attributes: { axis: 1 },
  }
  return {
    steps: [...parts.flatMap(({ steps }) => steps), concat],
    constants: parts.flatMap(({ constants }) => constants),
  }
}

/** In the order in which `derivedPart` writes them. */
export function ordered(derived: readonly Derived[]): Derived[] {
  return [...derived].sort((a, b) => (a.operation < b.operation ? -1 : a.operation > b.operation ? 1 : 0))
}

function indices(name: string, columns: readonly number[]) {
  return { name, shape: [columns.length], values: BigInt64Array.from(columns, BigInt) }
}
