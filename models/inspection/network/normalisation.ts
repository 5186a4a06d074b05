import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../neural/index.ts'

/** Added to the variance, as in PyTorch and Keras' fused kernels. */
export const epsilon = 1e-5

/** Mean and variance per channel of one batch. */
export interface Moments {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

interface Geometry {
  readonly batch: number
  readonly height: number
  readonly width: number
  readonly channels: number
}

/** What the backward pass needs of the forward pass. */
interface Forward extends Moments {
  /** Values of the output, and where each came from in the input; -1 where ReLU cut it off. */
  readonly output: Float32Array
  readonly origin: Int32Array
}

/**
 * Batch normalisation, ReLU and maximum over `pool` x `pool` in one step, in training: x [batch, height, width, channels].
 * Fused, because the three are bound by memory and each alone would copy a whole layer in and out of the backend.
 * `moments` is told mean and variance of the batch. A border that `pool` does not divide is cut off.
 * Source: Ioffe and Szegedy (2015), "Batch normalization".
 */
export function normalise(
  tf: TensorFlow,
  x: Tensor4D,
  gain: Tensor1D,
  bias: Tensor1D,
  pool: number,
  moments: (of: Moments) => void,
): Tensor4D {
  const operation = tf.customGrad((...inputs) => {
    const [input, gains, biases] = inputs as unknown as [Tensor4D, Tensor1D, Tensor1D]
    const [batch, height, width, channels] = input.shape
    const geometry = { batch, height, width, channels }
    const values = input.dataSync() as Float32Array
    const scale = gains.dataSync() as Float32Array
    const pass = forward(values, scale, biases.dataSync() as Float32Array, geometry, pool)
    moments(pass)
    const shape: [number, number, number, number] = [
      batch,
      Math.floor(height / pool),
      Math.floor(width / pool),
      channels,
    ]
    return {
      value: tf.tensor4d(pass.output, shape),
      gradFunc: (dy: Tensor) => {
        const gradient = backward(values, scale, dy.dataSync() as Float32Array, geometry, pass)
        return [
          tf.tensor4d(gradient.input, input.shape),
          tf.tensor1d(gradient.gain, 'float32'),
          tf.tensor1d(gradient.bias, 'float32'),
        ]
      },
    }
  })
  return operation(x, gain, bias) as Tensor4D
}

function forward(
  values: Float32Array,
  gain: Float32Array,
  bias: Float32Array,
  geometry: Geometry,
  pool: number,
): Forward {
  const { channels } = geometry
  const { mean, variance } = momentsOf(values, channels)
  const slope = Float64Array.from(gain, (value, c) => value / Math.sqrt(variance[c] + epsilon))
  const offset = Float64Array.from(bias, (value, c) => value - mean[c] * slope[c])
  const { output, origin } = rectifyAndPool(values, slope, offset, geometry, pool)
  return { mean, variance, output, origin }
}

function momentsOf(values: Float32Array, channels: number): Moments {
  const rows = values.length / channels
  const mean = new Float64Array(channels)
  const variance = new Float64Array(channels)
  for (let at = 0; at < values.length;) for (let c = 0; c < channels; c++) mean[c] += values[at++]
  for (let c = 0; c < channels; c++) mean[c] /= rows
  for (let at = 0; at < values.length;) {
    for (let c = 0; c < channels; c++) {
      const distance = values[at++] - mean[c]
      variance[c] += distance * distance
    }
  }
  for (let c = 0; c < channels; c++) variance[c] /= rows
  return { mean, variance }
}

function rectifyAndPool(
  values: Float32Array,
  slope: Float64Array,
  offset: Float64Array,
  { batch, height, width, channels }: Geometry,
  pool: number,
): { output: Float32Array; origin: Int32Array } {
  const rows = Math.floor(height / pool)
  const columns = Math.floor(width / pool)
  const output = new Float32Array(batch * rows * columns * channels)
  const origin = new Int32Array(output.length).fill(-1)
  for (let cell = 0, to = 0; to < output.length; cell++, to += channels) {
    const image = Math.floor(cell / (rows * columns))
    const row = Math.floor(cell / columns) % rows
    const column = cell % columns
    for (let dy = 0; dy < pool; dy++) {
      for (let dx = 0; dx < pool; dx++) {
        const from = ((image * height + row * pool + dy) * width + column * pool + dx) * channels
        for (let c = 0; c < channels; c++) {
          const value = values[from + c] * slope[c] + offset[c]
          if (value <= output[to + c]) continue
          output[to + c] = value
          origin[to + c] = from + c
        }
      }
    }
  }
  return { output, origin }
}

function backward(
  values: Float32Array,
  gain: Float32Array,
  dy: Float32Array,
  { channels }: Geometry,
  { mean, variance, origin }: Forward,
): { input: Float32Array; gain: Float32Array; bias: Float32Array } {
  const rows = values.length / channels
  const inverse = Float64Array.from(variance, (value) => 1 / Math.sqrt(value + epsilon))
  const ofGain = new Float64Array(channels)
  const ofBias = new Float64Array(channels)
  for (let at = 0; at < dy.length;) {
    for (let c = 0; c < channels; c++, at++) {
      if (origin[at] < 0) continue
      ofBias[c] += dy[at]
      ofGain[c] += dy[at] * (values[origin[at]] - mean[c]) * inverse[c]
    }
  }
  const slope = Float64Array.from(gain, (value, c) => value * inverse[c])
  const linear = Float64Array.from(slope, (value, c) => (-value * inverse[c] * ofGain[c]) / rows)
  const constant = Float64Array.from(slope, (value, c) => (-value * ofBias[c]) / rows - linear[c] * mean[c])
  const input = new Float32Array(values.length)
  for (let at = 0; at < input.length;) {
    for (let c = 0; c < channels; c++, at++) input[at] = values[at] * linear[c] + constant[c]
  }
  for (let at = 0; at < dy.length;) {
    for (let c = 0; c < channels; c++, at++) if (origin[at] >= 0) input[origin[at]] += dy[at] * slope[c]
  }
  return { input, gain: Float32Array.from(ofGain), bias: Float32Array.from(ofBias) }
}
