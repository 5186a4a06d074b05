import { roleOf } from '../feature-tags.ts'
import { encodeOnnx } from '../onnx/graph.ts'

/**
 * T² as an ONNX file, in float64. Input `features` [batch, d], standardised; outputs `score` [batch] and
 * `contributions` [batch, tags]: T² = Σ z (P z), whose terms are summed by tag.
 */
export function t2Graph(
  precision: Float64Array,
  names: readonly string[],
  tags: readonly string[],
  monitor: string,
): Uint8Array {
  const size = names.length
  const byTag = new Float64Array(size * tags.length)
  names.forEach((name, feature) => (byTag[feature * tags.length + tags.indexOf(roleOf(name))] = 1))
  return encodeOnnx({
    name: 'hotelling-t2',
    inputs: [{ name: 'features', shape: ['batch', size] }],
    outputs: [
      { name: 'score', shape: ['batch'] },
      { name: 'contributions', shape: ['batch', tags.length] },
    ],
    constants: [
      { name: 'precision', shape: [size, size], values: precision },
      { name: 'by_tag', shape: [size, tags.length], values: byTag },
      { name: 'columns', shape: [1], values: BigInt64Array.of(1n) },
    ],
    steps: [
      { operator: 'MatMul', inputs: ['features', 'precision'], outputs: ['weighted'] },
      { operator: 'Mul', inputs: ['features', 'weighted'], outputs: ['terms'] },
      { operator: 'MatMul', inputs: ['terms', 'by_tag'], outputs: ['contributions'] },
      { operator: 'ReduceSum', inputs: ['terms', 'columns'], outputs: ['score'], attributes: { keepdims: 0 } },
    ],
    metadata: {
      'millwright.format': '1',
      'millwright.type': 'anomaly',
      'millwright.method': 'hotelling-t2',
      'millwright.monitor': monitor,
      'millwright.features': JSON.stringify(names),
      'millwright.tags': JSON.stringify(tags),
    },
  })
}
