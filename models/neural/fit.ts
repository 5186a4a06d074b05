import { setImmediate } from 'node:timers/promises'
import { DetectorError } from '../../agent/core/index.ts'
import type { Matrix } from '../matrix.ts'
import { shuffled, type Random } from '../random.ts'
import type { Backend } from './backend.ts'
import type { DenseLayer } from './layers.ts'
import type { Loss } from './loss.ts'
import { AdamW, type Schedule } from './optimiser.ts'
import { meanLoss, slopes } from './passes.ts'

/** Rows with what a network should make of them. */
export interface Lesson {
  readonly data: Matrix
  readonly loss: Loss
}

export interface FitOptions {
  readonly epochs: number
  /** Rows per step. */
  readonly batch: number
  readonly dropout: number
  readonly weightDecay: number
  /** Epochs without a better validation after which it stops. */
  readonly patience: number
  readonly schedule: (steps: number) => Schedule
  readonly random: Random
  readonly signal?: AbortSignal
  /** `share`: 0 to 1, of the epochs. */
  readonly progress?: (share: number) => void
}

/** Mean loss by epoch. */
export interface Curve {
  /** As it was while the epoch ran, with dropout. */
  readonly training: readonly number[]
  /** Empty where there is no validation data. */
  readonly validation: readonly number[]
  /** Index of the epoch whose weights were kept: the best validation, or the last one. */
  readonly kept: number
}

/** Steps between two looks at the signal. */
const stepsAtOnce = 16

/**
 * Teaches the layers in place. Deterministic: the same layers, data and random stream give the same weights to the bit on
 * one machine and backend. Rejects with the reason of `signal`, or with a DetectorError (TRAINING_FAILED) where the loss
 * is no longer finite.
 */
export async function fit(
  { tf }: Backend,
  layers: readonly DenseLayer[],
  lesson: Lesson,
  validation: Lesson | undefined,
  options: FitOptions,
): Promise<Curve> {
  const { epochs, batch, weightDecay, random, signal } = options
  const parameters = layers.flatMap(({ weights, bias }) => [
    { values: weights, decays: true },
    { values: bias, decays: false },
  ])
  const steps = Math.ceil(lesson.data.rows / batch)
  const optimiser = new AdamW(parameters, options.schedule(steps * epochs), weightDecay)
  const best = new Best(parameters.map(({ values }) => values))
  const curve = { training: [] as number[], validation: [] as number[] }
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffled(lesson.data.rows, random)
    let total = 0
    let weights = 0
    for (let step = 0; step < steps; step++) {
      const rows = order.subarray(step * batch, (step + 1) * batch)
      const { sum, weight, gradients } = slopes(tf, layers, lesson.data, lesson.loss, rows, {
        share: options.dropout,
        random,
      })
      optimiser.step(gradients)
      total += sum
      weights += weight
      if (step % stepsAtOnce === 0) await setImmediate()
      signal?.throwIfAborted()
    }
    curve.training.push(finite(total / weights))
    if (validation) {
      curve.validation.push(finite(meanLoss(tf, layers, validation.data, validation.loss)))
      if (epoch - best.epochOf(curve.validation) >= options.patience) break
    }
    options.progress?.((epoch + 1) / epochs)
  }
  const kept = validation ? best.restore() : curve.training.length - 1
  return { ...curve, kept }
}

/** The weights of the best epoch. */
class Best {
  readonly #now: readonly Float32Array[]
  #copies: readonly Float32Array[] = []
  #epoch = -1
  #loss = Infinity

  constructor(values: readonly Float32Array[]) {
    this.#now = values
  }

  /** The best epoch, told the losses up to the present one. */
  epochOf(losses: readonly number[]): number {
    const loss = losses[losses.length - 1]
    if (loss < this.#loss) {
      this.#loss = loss
      this.#epoch = losses.length - 1
      this.#copies = this.#now.map((values) => values.slice())
    }
    return this.#epoch
  }

  restore(): number {
    this.#copies.forEach((values, index) => this.#now[index].set(values))
    return this.#epoch
  }
}

function finite(loss: number): number {
  if (Number.isFinite(loss)) return loss
  throw new DetectorError('TRAINING_FAILED', 'the training of a neural network diverged: its loss is not finite', {
    remedy: 'Look for absurd values in the training data, or lower the learning rate.',
  })
}
