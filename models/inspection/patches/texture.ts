import type { GraphBuilder } from '../network/layers.ts'
import type { Gaussian } from './gaussian.ts'

/** Added to the deviation within an image before the logarithm. */
export const deviationFloor = 1e-2

/** Mean and logarithmic deviation over the image of each of `count` features [feature, place]: its texture. */
export function textureOf(features: Float32Array, count: number): Float64Array {
  const places = features.length / count
  const texture = new Float64Array(2 * count)
  for (let f = 0; f < count; f++) {
    let sum = 0
    for (let place = f * places; place < (f + 1) * places; place++) sum += features[place]
    const mean = sum / places
    let squares = 0
    for (let place = f * places; place < (f + 1) * places; place++) squares += (features[place] - mean) ** 2
    texture[f] = mean
    texture[count + f] = Math.log(Math.sqrt(squares / places) + deviationFloor)
  }
  return texture
}

/** Adds the distance [batch] of the texture of features [batch, feature, place] from a Gaussian, divided by `unit`. */
export function textureDistance(builder: GraphBuilder, features: string, whole: Gaussian, unit = 1): string {
  const size = whole.mean.length
  const over = { axes: { ints: [2] } }
  const mean = builder.add('ReduceMean', [features], over)
  const apart = builder.add('Sub', [features, mean])
  const deviation = builder.add('Sqrt', [builder.add('ReduceMean', [builder.add('Mul', [apart, apart])], over)])
  const floor = builder.constant([1], Float32Array.of(deviationFloor))
  const logarithm = builder.add('Log', [builder.add('Add', [deviation, floor])])
  const joined = builder.add('Concat', [mean, logarithm], { axis: 1 })
  const texture = builder.add('Reshape', [joined, builder.constant([2], BigInt64Array.of(-1n, BigInt(size)))])
  const centred = builder.add('Sub', [texture, builder.constant([size], Float32Array.from(whole.mean))])
  const turned = new Float32Array(size * size)
  for (let j = 0; j < size; j++) for (let k = 0; k < size; k++) turned[k * size + j] = whole.whitening[j * size + k] / unit // prettier-ignore
  const white = builder.add('MatMul', [centred, builder.constant([size, size], turned)])
  return builder.add('ReduceL2', [white], { axes: { ints: [1] }, keepdims: 0 })
}
