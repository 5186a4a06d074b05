import type { Graph } from '../../models/onnx/graph.ts'

/** A model that adds its two features up. */
export const sum: Graph = {
  name: 'sum',
  inputs: [{ name: 'x', shape: ['batch', 2] }],
  outputs: [{ name: 'total', shape: ['batch', 1] }],
  constants: [{ name: 'ones', shape: [2, 1], values: Float64Array.of(1, 1) }],
  steps: [{ operator: 'MatMul', inputs: ['x', 'ones'], outputs: ['total'] }],
  metadata: {},
}
