import { z } from 'zod'
import { DetectorError } from '../../agent/core/index.ts'
import type { Matrix } from '../matrix.ts'
import { seededRandom } from '../random.ts'
import { loadBackend, type Backend, type BackendName } from './backend.ts'
import { fit, type Curve } from './fit.ts'
import { applyLayers, createLayers, type DenseLayer } from './layers.ts'
import { crossEntropy, smoothL1, type Loss } from './loss.ts'
import { oneCycle } from './optimiser.ts'
import { fitInputScaling, scaleInputs, type InputScaling } from './scaling.ts'

/** How a multilayer perceptron learns. */
export const mlpOptions = z.strictObject({
  task: z.enum(['regression', 'classification']).describe('`classification`: targets are the codes 0, 1, 2 ...'),
  classes: z.int().min(0).default(0).describe('Classes; 0: as many as the targets name, at least two.'),
  hidden: z.array(z.int().positive()).readonly().default([128, 64]).describe('Widths of the hidden layers.'),
  dropout: z.number().min(0).lt(1).default(0.2).describe('Share of a hidden layer that is left out at each step.'),
  weightDecay: z.number().min(0).default(0.01).describe('Decoupled weight decay (AdamW).'),
  epochs: z.int().positive().default(20).describe('Times that it sees each row.'),
  batch: z.int().positive().default(256).describe('Rows per step.'),
  rate: z.number().positive().default(3e-3).describe('Highest learning rate of the one cycle.'),
  balanced: z.boolean().default(false).describe('Whether rare classes count as much as common ones.'),
  patience: z
    .int()
    .min(0)
    .default(0)
    .describe('Epochs without a better loss on the validation data after which to stop; 0: never.'),
  seed: z.int().default(1).describe('Seed of weights, order and dropout.'),
})

export type MlpOptions = z.output<typeof mlpOptions>

/** Rows with what is to be learned of them. */
export interface Examples {
  readonly data: Matrix
  readonly target: Float64Array
  /** What each row counts; 1 where left out. */
  readonly weights?: Float64Array
}

/** What goes with a training. */
export interface MlpExtras {
  readonly weights?: Float64Array
  /** Rows to judge each epoch by: the network of the best one is kept. */
  readonly validation?: Examples
  readonly signal?: AbortSignal
  /** `share`: 0 to 1. */
  progress?(share: number): void
  /** The fastest one that works here where left out. */
  readonly backend?: BackendName
}

/** A network with what brings its inputs to scale: plain numbers, nothing that has to be released. */
export interface Mlp {
  readonly columns: number
  /** 1, or the number of classes. */
  readonly outputs: number
  readonly scaling: InputScaling
  readonly layers: readonly DenseLayer[]
  /** Loss by epoch; in standard deviations of the target for a regression. */
  readonly curve: Curve
  readonly backend: BackendName
  /** rows x outputs, row-major: values in the unit of the target, or probabilities of the classes. NaN inputs are means. */
  predict(data: Matrix): Float64Array
}

/**
 * Teaches a multilayer perceptron: inputs and target are brought to scale, smooth L1 or cross-entropy, AdamW over one
 * cycle. Deterministic by its seed on one machine. Rejects with a RangeError where lengths differ or targets cannot be
 * learned, with a DetectorError (TRAINING_FAILED) where it diverges, and with the reason of `signal`.
 */
export async function fitMlp(
  data: Matrix,
  target: Float64Array,
  options: z.input<typeof mlpOptions>,
  extras: MlpExtras = {},
): Promise<Mlp> {
  const settings = mlpOptions.parse(options)
  const training = { data, target, weights: extras.weights }
  const task = taskOf(settings, training)
  for (const examples of [training, extras.validation]) if (examples) check(examples, data.columns, task)
  extras.signal?.throwIfAborted()
  const backend = await loadBackend(extras.backend)
  const scaling = fitInputScaling(data)
  const random = seededRandom(settings.seed)
  const layers = createLayers([data.columns, ...settings.hidden, task.outputs], task.last, random)
  const lesson = (examples: Examples) => ({ data: scaleInputs(scaling, examples.data), loss: task.loss(examples) })
  const curve = await fit(backend, layers, lesson(training), extras.validation && lesson(extras.validation), {
    ...settings,
    patience: settings.patience || Infinity,
    schedule: (steps) => oneCycle(settings.rate, steps),
    random,
    signal: extras.signal,
    progress: (share) => extras.progress?.(share),
  })
  return mlpOf(scaling, task.finish(layers), curve, backend)
}

/** A network of these parts. */
function mlpOf(scaling: InputScaling, layers: readonly DenseLayer[], curve: Curve, { name }: Backend): Mlp {
  const columns = scaling.mean.length
  const { outputs } = layers[layers.length - 1]
  const predict = (data: Matrix) => {
    if (data.columns !== columns) throw new RangeError(`${data.columns} columns for a network of ${columns}`)
    return Float64Array.from(applyLayers(layers, scaleInputs(scaling, data)).values)
  }
  return { columns, outputs, scaling, layers, curve, backend: name, predict }
}

/** What differs between regression and classification. */
interface Task {
  readonly outputs: number
  readonly last: 'linear' | 'softmax'
  readonly learnable: (target: number) => boolean
  loss(examples: Examples): Loss
  /** The layers that answer in the unit of the target. */
  finish(layers: readonly DenseLayer[]): readonly DenseLayer[]
}

function taskOf(settings: MlpOptions, training: Examples): Task {
  return settings.task === 'regression' ? regression(training) : classification(settings, training)
}

function regression({ target, weights }: Examples): Task {
  const { mean, spread } = location(target, weights)
  return {
    outputs: 1,
    last: 'linear',
    learnable: (target) => Number.isFinite(target),
    loss: (examples) => smoothL1(examples.target.map((value) => (value - mean) / spread), weightsOf(examples)), // prettier-ignore
    finish: (layers) => {
      const { [layers.length - 1]: last } = layers
      const stretched = { ...last, weights: last.weights.map((weight) => weight * spread), bias: last.bias.map((bias) => bias * spread + mean) } // prettier-ignore
      return [...layers.slice(0, -1), stretched]
    },
  }
}

function classification({ classes: named, balanced }: MlpOptions, training: Examples): Task {
  const classes = named || training.target.reduce((most, code) => Math.max(most, code + 1), 2)
  const counts = new Float64Array(classes)
  weightsOf(training).forEach((weight, row) => (counts[training.target[row]] += weight))
  const total = counts.reduce((sum, count) => sum + count, 0)
  const factor = counts.map((count) => (balanced && count > 0 ? total / (classes * count) : 1))
  return {
    outputs: classes,
    last: 'softmax',
    learnable: (code) => Number.isInteger(code) && code >= 0 && code < classes,
    loss: (examples) => {
      const weights = weightsOf(examples).map((weight, row) => weight * factor[examples.target[row]])
      return crossEntropy(examples.target, weights, classes)
    },
    finish: (layers) => layers,
  }
}

function check({ data, target, weights }: Examples, columns: number, { learnable }: Task): void {
  const { rows } = data
  const fits = data.columns === columns && data.values.length === rows * columns
  if (!fits || target.length !== rows || (weights && weights.length !== rows)) {
    throw new RangeError(
      `${rows} rows of ${data.columns} columns, but ${data.values.length} values, ${target.length} targets and ${weights?.length ?? rows} weights for ${columns} columns`,
    )
  }
  if (rows === 0) throw new DetectorError('TRAINING_DATA', 'a neural network was given no rows to learn from')
  const row = target.findIndex((value) => !learnable(value))
  if (row >= 0) throw new RangeError(`target ${target[row]} of row ${row} is not one that can be learned`)
}

function weightsOf({ data, weights }: Examples): Float64Array {
  return weights ?? new Float64Array(data.rows).fill(1)
}

function location(target: Float64Array, weights?: Float64Array): { mean: number; spread: number } {
  let total = 0
  let sum = 0
  target.forEach((value, row) => {
    total += weights?.[row] ?? 1
    sum += value * (weights?.[row] ?? 1)
  })
  const mean = total > 0 ? sum / total : 0
  let squares = 0
  target.forEach((value, row) => (squares += (value - mean) ** 2 * (weights?.[row] ?? 1)))
  return { mean, spread: (total > 0 && Math.sqrt(squares / total)) || 1 }
}
