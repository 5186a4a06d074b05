import { encodeOnnx, type Port } from '../../onnx/graph.ts'
import { GraphBuilder } from '../network/layers.ts'
import { addFilterBank, featureCount } from './filter-bank.ts'
import { cells, highest, type PatchModel } from './fit.ts'
import { textureDistance } from './texture.ts'

const places = cells * cells

function input(size: number): Port {
  return { name: 'image', type: 'float32', shape: ['batch', 1, size, size] }
}

/** The filter bank alone, for the fit: `image` [batch, 1, size, size], 0 to 1; `features` [batch, features, places]. */
export function featureGraph(size: number): Uint8Array {
  const builder = new GraphBuilder()
  const features = flatPlaces(builder, addFilterBank(builder, 'image', size, cells))
  const port: Port = { name: 'features', type: 'float32', shape: ['batch', featureCount, places] }
  return encodeOnnx(builder.finish('filter-bank', [input(size)], [{ of: features, port }]))
}

/** The whole detector: `score` [batch], `map` [batch, cells, cells]. */
export function patchGraph(model: PatchModel, size: number): Uint8Array {
  const builder = new GraphBuilder()
  const features = flatPlaces(builder, addFilterBank(builder, 'image', size, cells))
  const map = placeDistances(builder, features, model)
  const ten = builder.constant([1], BigInt64Array.of(BigInt(highest)))
  const top = builder.add('ReduceMean', [builder.add('TopK', [map, ten])], { axes: { ints: [1] }, keepdims: 0 }) // prettier-ignore
  const whole = textureDistance(builder, features, model.whole, model.unit.whole)
  const score = builder.add('Max', [top, whole])
  const square = builder.add('Reshape', [map, shape(builder, -1, cells, cells)])
  const outputs = [
    { of: score, port: { name: 'score', type: 'float32', shape: ['batch'] } as const },
    { of: square, port: { name: 'map', type: 'float32', shape: ['batch', cells, cells] } as const },
  ]
  return encodeOnnx(builder.finish('patches', [input(size)], outputs))
}

function shape(builder: GraphBuilder, ...sizes: number[]): string {
  return builder.constant([sizes.length], BigInt64Array.from(sizes, BigInt))
}

function flatPlaces(builder: GraphBuilder, features: string): string {
  return builder.add('Reshape', [features, shape(builder, -1, featureCount, places)])
}

/** [batch, places], in units of the model. */
function placeDistances(builder: GraphBuilder, features: string, { places: gaussians, unit }: PatchModel): string {
  const means = Float32Array.from(gaussians.flatMap(({ mean }) => [...mean]))
  const weights = new Float32Array(places * featureCount * featureCount)
  gaussians.forEach(({ whitening }, place) => {
    weights.set(
      whitening.map((value) => value / unit.places),
      place * whitening.length,
    )
  })
  const byPlace = builder.add('Transpose', [features], { perm: { ints: [2, 1, 0] } })
  const centred = builder.add('Sub', [byPlace, builder.constant([places, featureCount, 1], means)])
  const white = builder.add('MatMul', [builder.constant([places, featureCount, featureCount], weights), centred])
  const length = builder.add('ReduceL2', [white], { axes: { ints: [1] }, keepdims: 0 })
  return builder.add('Transpose', [length], { perm: { ints: [1, 0] } })
}
