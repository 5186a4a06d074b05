import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs'
import type { Matrix } from '../matrix.ts'
import type { Random } from '../random.ts'
import type { TensorFlow } from './backend.ts'
import type { DenseLayer } from './layers.ts'
import type { Loss } from './loss.ts'

/** Rows that go forward together where nothing is learned. */
const rowsAtOnce = 4096

/** The rows of `data` with these numbers, one after the other. */
export function gather({ values, columns }: Matrix, rows: Uint32Array): Float32Array {
  const result = new Float32Array(rows.length * columns)
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0, from = rows[i] * columns, to = i * columns; j < columns; j++) result[to++] = values[from++]
  }
  return result
}

/** Mean loss of a network over all rows of `data`. */
export function meanLoss(tf: TensorFlow, layers: readonly DenseLayer[], data: Matrix, loss: Loss): number {
  let total = 0
  let weights = 0
  for (let from = 0; from < data.rows; from += rowsAtOnce) {
    const rows = Uint32Array.from({ length: Math.min(rowsAtOnce, data.rows - from) }, (_, i) => from + i)
    tf.tidy(() => {
      const input = tf.tensor2d(gather(data, rows), [rows.length, data.columns])
      const given = layers.reduce((x, layer) => forward(tf, layer, tensorsOf(tf, layer), x), input)
      const { sum, weight } = loss.evaluate(given.dataSync<'float32'>(), rows)
      total += sum
      weights += weight
    })
  }
  return total / weights
}

/** What one step of learning found. */
export interface Slopes {
  readonly sum: number
  readonly weight: number
  /** Weights and bias of each layer in turn. */
  readonly gradients: readonly Float32Array[]
}

/**
 * One pass forward and one back over some rows. Written out instead of taken from the tape of TensorFlow.js: the products
 * are the same, but the backend's kernel for transposed operands is five times slower than to transpose first, and
 * losses, dropout and optimiser cost least as plain loops. Leaves no tensor behind.
 */
export function slopes(
  tf: TensorFlow,
  layers: readonly DenseLayer[],
  data: Matrix,
  loss: Loss,
  rows: Uint32Array,
  dropout: { readonly share: number; readonly random: Random },
): Slopes {
  const gradients: Float32Array[] = []
  let total = { sum: 0, weight: 0 }
  // Nothing is returned from within: tidy looks for tensors in each number of an array that it is given.
  tf.tidy(() => {
    const tensors = layers.map((layer) => tensorsOf(tf, layer))
    const passed = [tf.tensor2d(gather(data, rows), [rows.length, data.columns])]
    layers.forEach((layer, index) => {
      const output = forward(tf, layer, tensors[index], passed[index])
      const drops = dropout.share > 0 && index < layers.length - 1
      passed.push(drops ? output.mul(mask(tf, output.shape, dropout.share, dropout.random)) : output)
    })
    const given = passed[layers.length].dataSync<'float32'>()
    const slope = new Float32Array(given.length)
    total = loss.evaluate(given, rows, slope)
    let back = tf.tensor2d(slope, [rows.length, loss.outputs])
    for (let index = layers.length - 1; index >= 0; index--) {
      gradients.unshift(
        tf.matMul(tf.transpose(passed[index]), back).dataSync<'float32'>(),
        back.sum(0).dataSync<'float32'>(),
      )
      if (index > 0) back = backThrough(tf, back, tensors[index].weights, passed[index], dropout.share)
    }
  })
  return { ...total, gradients }
}

interface LayerTensors {
  readonly weights: Tensor2D
  readonly bias: Tensor1D
}

function tensorsOf(tf: TensorFlow, { weights, bias, inputs, outputs }: DenseLayer): LayerTensors {
  return { weights: tf.tensor2d(weights, [inputs, outputs]), bias: tf.tensor1d(bias) }
}

/** The sums of a layer, rectified where it is `relu`. */
function forward(tf: TensorFlow, { activation }: DenseLayer, { weights, bias }: LayerTensors, a: Tensor2D): Tensor2D {
  return tf.fused.matMul({ a, b: weights, bias, activation: activation === 'relu' ? 'relu' : 'linear' }) as Tensor2D
}

/** The slope before a `relu` layer with dropout, whose output was 0 where nothing passes. */
function backThrough(tf: TensorFlow, back: Tensor2D, weights: Tensor2D, output: Tensor2D, dropout: number): Tensor2D {
  const passing: Tensor = tf.step(output)
  const slope: Tensor2D = tf.matMul(back, tf.transpose(weights)).mul(passing)
  return dropout > 0 ? slope.mul(1 / (1 - dropout)) : slope
}

/** 0 for a share of the cells, and for the others what keeps the expected sum. */
function mask(tf: TensorFlow, [rows, columns]: [number, number], share: number, random: Random): Tensor2D {
  const keep = 1 / (1 - share)
  const values = new Float32Array(rows * columns)
  for (let i = 0; i < values.length; i++) values[i] = random.uniform() < share ? 0 : keep
  return tf.tensor2d(values, [rows, columns])
}
