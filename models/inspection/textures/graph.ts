import { encodeOnnx, type Port } from '../../onnx/graph.ts'
import { treesPart, type Ensemble } from '../../trees/index.ts'
import { GraphBuilder } from '../network/layers.ts'
import { addFilterBank, featureCount } from '../patches/filter-bank.ts'
import { cells } from '../patches/fit.ts'
import { deviationFloor } from '../patches/texture.ts'

/** Numbers that describe the texture of an image: mean, logarithmic deviation, least and greatest of each feature. */
export const descriptorCount = 4 * featureCount

function input(size: number): Port {
  return { name: 'image', type: 'float32', shape: ['batch', 1, size, size] }
}

/** [batch, descriptors] */
function addDescriptors(builder: GraphBuilder, size: number): string {
  const places = builder.constant([3], BigInt64Array.of(-1n, BigInt(featureCount), BigInt(cells * cells)))
  return addMoments(builder, builder.add('Reshape', [addFilterBank(builder, 'image', size, cells), places]))
}

/** Mean, logarithmic deviation, least and greatest over the places of features [batch, features, places]: [batch, 4 x features]. */
export function addMoments(builder: GraphBuilder, features: string): string {
  const over = { axes: { ints: [2] } }
  const mean = builder.add('ReduceMean', [features], over)
  const apart = builder.add('Sub', [features, mean])
  const deviation = builder.add('Sqrt', [builder.add('ReduceMean', [builder.add('Mul', [apart, apart])], over)])
  const floor = builder.constant([1], Float32Array.of(deviationFloor))
  const logarithm = builder.add('Log', [builder.add('Add', [deviation, floor])])
  const extremes = [builder.add('ReduceMin', [features], over), builder.add('ReduceMax', [features], over)]
  return builder.add('Flatten', [builder.add('Concat', [mean, logarithm, ...extremes], { axis: 1 })])
}

/** The descriptors alone, for the training: `image` [batch, 1, size, size], 0 to 1; `descriptors` [batch, descriptors]. */
export function descriptorGraph(size: number): Uint8Array {
  const builder = new GraphBuilder()
  const port: Port = { name: 'descriptors', type: 'float32', shape: ['batch', descriptorCount] }
  return encodeOnnx(builder.finish('textures', [input(size)], [{ of: addDescriptors(builder, size), port }]))
}

/** Descriptors, trees over them and softmax: `probabilities` [batch, classes]. */
export function textureGraph(trees: Ensemble, size: number): Uint8Array {
  const builder = new GraphBuilder()
  const margins = 'margins'
  builder.join(treesPart(trees, addDescriptors(builder, size), margins))
  const port: Port = { name: 'probabilities', type: 'float32', shape: ['batch', trees.outputs] }
  const of = builder.add('Softmax', [margins], { axis: 1 })
  return encodeOnnx(builder.finish('textures', [input(size)], [{ of, port }]))
}
