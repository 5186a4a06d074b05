import { roleOf } from '../feature-tags.ts'
import { encodeOnnx, joinParts, renamed, type GraphPart } from '../onnx/graph.ts'
import type { MethodName } from './config.ts'
import { frontGraph } from './front.ts'
import type { Normal } from './normal.ts'

/** What a graph says of itself beside its steps. */
export interface Labels {
  readonly monitor: string
  readonly method: MethodName
  readonly names: readonly string[]
  readonly tags: readonly string[]
}

/**
 * A model as an ONNX file, in float64. Input `features` [batch, d], standardised, NaN where missing if there are modes;
 * outputs `score` [batch] and `contributions` [batch, tags]: the terms of the score, summed by tag. `factors`: of the
 * score, by mode. The score of a row in no mode is NaN.
 */
export function anomalyGraph({ front, scorer }: Normal, factors: Float64Array, labels: Labels): Uint8Array {
  const { names, tags } = labels
  const size = names.length
  const parts = front
    ? [frontGraph(front, factors), scorer.graph(), levelGraph]
    : [renamed(scorer.graph(), { rows: 'features' })]
  return encodeOnnx({
    name: labels.method,
    inputs: [{ name: 'features', shape: ['batch', size] }],
    outputs: [
      { name: 'score', shape: ['batch'] },
      { name: 'contributions', shape: ['batch', tags.length] },
    ],
    ...joinParts(...parts, sumGraph(names, tags, front ? 'levelled' : 'terms')),
    metadata: {
      'millwright.format': '1',
      'millwright.type': 'anomaly',
      'millwright.method': labels.method,
      'millwright.monitor': labels.monitor,
      'millwright.features': JSON.stringify(names),
      'millwright.tags': JSON.stringify(tags),
    },
  })
}

/** Brings the terms of all modes to one level. */
const levelGraph: GraphPart = {
  constants: [],
  steps: [{ operator: 'Mul', inputs: ['terms', 'factor_of_score'], outputs: ['levelled'] }],
}

function sumGraph(names: readonly string[], tags: readonly string[], terms: string): GraphPart {
  const byTag = new Float64Array(names.length * tags.length)
  names.forEach((name, feature) => (byTag[feature * tags.length + tags.indexOf(roleOf(name))] = 1))
  return {
    constants: [
      { name: 'by_tag', shape: [names.length, tags.length], values: byTag },
      { name: 'columns', shape: [1], values: BigInt64Array.of(1n) },
    ],
    steps: [
      { operator: 'MatMul', inputs: [terms, 'by_tag'], outputs: ['contributions'] },
      { operator: 'ReduceSum', inputs: [terms, 'columns'], outputs: ['score'], attributes: { keepdims: 0 } },
    ],
  }
}
