import type { Matrix } from '../matrix.ts'
import type { Random } from '../random.ts'

/** What a layer makes of its sums. `softmax` gives probabilities, in a last layer only. */
export type Activation = 'relu' | 'linear' | 'softmax'

/** A fully connected layer: activation(x weights + bias). */
export interface DenseLayer {
  readonly inputs: number
  readonly outputs: number
  /** [inputs, outputs], row-major. */
  readonly weights: Float32Array
  readonly bias: Float32Array
  readonly activation: Activation
}

/**
 * Layers of the given widths, `relu` but for the last one, with random weights.
 * Sources: He et al. (2015), "Delving deep into rectifiers"; Glorot and Bengio (2010) for the last one.
 */
export function createLayers(widths: readonly number[], last: Activation, random: Random): DenseLayer[] {
  return widths.slice(1).map((outputs, index) => {
    const inputs = widths[index]
    const activation = index === widths.length - 2 ? last : 'relu'
    const limit = Math.sqrt(6 / (activation === 'relu' ? inputs : inputs + outputs))
    const weights = Float32Array.from({ length: inputs * outputs }, () => limit * (2 * random.uniform() - 1))
    return { inputs, outputs, weights, bias: new Float32Array(outputs), activation }
  })
}

/** What the layers make of each row, in plain loops: for any process, and the yardstick of what is exported. */
export function applyLayers(layers: readonly DenseLayer[], data: Matrix): Matrix {
  const columns = layers[layers.length - 1].outputs
  const values = new Float32Array(data.rows * columns)
  const passed = [data.columns, ...layers.map(({ outputs }) => outputs)].map((width) => new Float64Array(width))
  for (let row = 0; row < data.rows; row++) {
    passed[0].set(data.values.subarray(row * data.columns, (row + 1) * data.columns))
    layers.forEach((layer, index) => applyLayer(layer, passed[index], passed[index + 1]))
    values.set(passed[layers.length], row * columns)
  }
  return { rows: data.rows, columns, values }
}

function applyLayer({ weights, bias, activation, outputs }: DenseLayer, input: Float64Array, to: Float64Array): void {
  to.set(bias)
  for (let i = 0, at = 0; i < input.length; i++, at += outputs) {
    const value = input[i]
    if (value === 0) continue
    for (let j = 0; j < outputs; j++) to[j] += value * weights[at + j]
  }
  if (activation === 'relu') for (let j = 0; j < outputs; j++) to[j] = Math.max(0, to[j])
  if (activation === 'softmax') softmax(to, 0, outputs)
}

/** Turns `length` numbers from `from` on into shares of 1, in place. */
export function softmax(values: Float32Array | Float64Array, from: number, length: number): void {
  let most = -Infinity
  for (let j = from; j < from + length; j++) most = Math.max(most, values[j])
  let sum = 0
  for (let j = from; j < from + length; j++) sum += values[j] = Math.exp(values[j] - most)
  for (let j = from; j < from + length; j++) values[j] /= sum
}
