import type { Port } from '../../onnx/graph.ts'
import type { Calibration } from '../evidence.ts'
import { addEvidence, addMean, addScore } from '../evidence-graph.ts'
import type { GraphBuilder } from '../network/layers.ts'
import { highest } from '../patches/fit.ts'
import type { Gaussian } from '../patches/gaussian.ts'
import { textureDistance } from '../patches/texture.ts'
import type { Backbone } from './backbone.ts'
import { cells, embeddingGraph, places } from './features.ts'
import type { EmbeddingModel } from './fit.ts'

/** The whole detector, backbone and all: `image` [batch, channels, size, size], 0 to 1; `score` [batch]; `map` [batch, cells, cells]. */
export function goodGraph(model: EmbeddingModel, backbone: Backbone, size: number, channels: number): Uint8Array {
  return embeddingGraph(backbone, size, channels, (builder, features) => {
    const { calibration, dimensions, projection } = model
    const mixing = builder.constant([dimensions, projection.length / dimensions], projection)
    const projected = builder.add('MatMul', [mixing, features])
    const even = (values: string, factors: Float64Array) => builder.add('Mul', [values, builder.constant([1, places], Float32Array.from(factors))]) // prettier-ignore
    const byPlace = even(distancesByPlace(builder, projected, model.byPlace), model.even.byPlace)
    const anywhere = even(distances(builder, projected, model.anywhere), model.even.anywhere)
    const known = (distance: string, own: Calibration) => addEvidence(builder, builder.add('Log', [distance]), own)
    const local = (...parts: readonly [byPlace: string, anywhere: string]) => {
      const each = [known(parts[0], calibration.byPlace), known(parts[1], calibration.anywhere)]
      return addEvidence(builder, addMean(builder, each), calibration.local)
    }
    const layers = textures(builder, features, model).map((distance, i) => known(distance, calibration.whole[i]))
    const texture = addEvidence(builder, addMean(builder, layers), calibration.texture)
    const strongest = builder.add('Max', [
      local(highestMean(builder, byPlace), highestMean(builder, anywhere)),
      texture,
    ])
    const shape = builder.constant([3], BigInt64Array.of(-1n, BigInt(cells), BigInt(cells)))
    const map = builder.add('Reshape', [addScore(builder, local(byPlace, anywhere)), shape])
    const port = (name: string, sizes: readonly number[]): Port => ({ name, type: 'float32', shape: ['batch', ...sizes] }) // prettier-ignore
    return {
      name: 'embedding',
      outputs: [
        { of: addScore(builder, strongest), port: port('score', []) },
        { of: map, port: port('map', [cells, cells]) },
      ],
    }
  })
}

/** Distance [batch] of the texture of each layer. */
function textures(builder: GraphBuilder, features: string, { whole }: EmbeddingModel): string[] {
  let from = 0
  const bound = (value: number) => builder.constant([1], BigInt64Array.of(BigInt(value)))
  return whole.map((gaussian) => {
    const to = from + gaussian.mean.length / 2
    const layer = builder.add('Slice', [features, bound(from), bound(to), bound(1)])
    from = to
    return textureDistance(builder, layer, gaussian)
  })
}

/** [batch, places] of [batch, dimensions, places], each place by its own Gaussian. */
function distancesByPlace(builder: GraphBuilder, projected: string, gaussians: readonly Gaussian[]): string {
  const size = gaussians[0].mean.length
  const means = new Float32Array(places * size)
  const weights = new Float32Array(places * size * size)
  gaussians.forEach(({ mean, whitening }, place) => {
    means.set(mean, place * size)
    weights.set(whitening, place * size * size)
  })
  const byPlace = builder.add('Transpose', [projected], { perm: { ints: [2, 1, 0] } })
  const centred = builder.add('Sub', [byPlace, builder.constant([places, size, 1], means)])
  const white = builder.add('MatMul', [builder.constant([places, size, size], weights), centred])
  const length = builder.add('ReduceL2', [white], { axes: { ints: [1] }, keepdims: 0 })
  return builder.add('Transpose', [length], { perm: { ints: [1, 0] } })
}

function distances(builder: GraphBuilder, projected: string, { mean, whitening }: Gaussian): string {
  const size = mean.length
  const centred = builder.add('Sub', [projected, builder.constant([size, 1], Float32Array.from(mean))])
  const white = builder.add('MatMul', [builder.constant([size, size], Float32Array.from(whitening)), centred])
  return builder.add('ReduceL2', [white], { axes: { ints: [1] }, keepdims: 0 })
}

function highestMean(builder: GraphBuilder, values: string): string {
  const count = builder.constant([1], BigInt64Array.of(BigInt(highest)))
  return builder.add('ReduceMean', [builder.add('TopK', [values, count])], { axes: { ints: [1] }, keepdims: 0 })
}
