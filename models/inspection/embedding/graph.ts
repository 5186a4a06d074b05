import type { Port } from '../../onnx/graph.ts'
import { mostEvidence, scoreLine, type Calibration } from '../evidence.ts'
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
    const { calibration } = model
    const projected = builder.add('MatMul', [builder.constant([model.dimensions, model.projection.length / model.dimensions], model.projection), features]) // prettier-ignore
    const byPlace = distancesByPlace(builder, projected, model.byPlace)
    const anywhere = distances(builder, projected, model.anywhere)
    const whole = textureDistance(builder, features, model.whole)
    const strongest = builder.add('Max', [
      evidence(builder, highestMean(builder, byPlace), calibration.byPlace),
      evidence(builder, highestMean(builder, anywhere), calibration.anywhere),
      evidence(builder, whole, calibration.whole),
    ])
    const local = builder.add('Max', [
      evidence(builder, byPlace, calibration.byPlace),
      evidence(builder, anywhere, calibration.anywhere),
    ])
    const shape = builder.constant([3], BigInt64Array.of(-1n, BigInt(cells), BigInt(cells)))
    const map = builder.add('Reshape', [score(builder, local), shape])
    const port = (name: string, sizes: readonly number[]): Port => ({ name, type: 'float32', shape: ['batch', ...sizes] }) // prettier-ignore
    return {
      name: 'embedding',
      outputs: [
        { of: score(builder, strongest), port: port('score', []) },
        { of: map, port: port('map', [cells, cells]) },
      ],
    }
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

/** As `evidence` of evidence.ts. */
export function evidence(builder: GraphBuilder, distance: string, { median, spread }: Calibration): string {
  const number = (value: number) => builder.constant([], Float32Array.of(value))
  const above = builder.add('Sub', [builder.add('Log', [distance]), number(median)])
  return builder.add('Div', [above, number(spread)])
}

/** As `scoreOf` of evidence.ts. */
export function score(builder: GraphBuilder, value: string): string {
  const number = (own: number) => builder.constant([], Float32Array.of(own))
  const bounded = builder.add('Min', [value, number(mostEvidence)])
  const line = builder.add('Add', [builder.add('Mul', [bounded, number(scoreLine.slope)]), number(scoreLine.offset)])
  return builder.add('Exp', [line])
}
