import { z } from 'zod'
import type { Matrix } from '../matrix.ts'
import { seededRandom } from '../random.ts'
import { loadBackend, type BackendName } from './backend.ts'
import { fit, type Curve } from './fit.ts'
import { applyLayers, createLayers, type DenseLayer } from './layers.ts'
import { squaredError } from './loss.ts'
import { constantRate } from './optimiser.ts'

/** How an autoencoder learns. */
export const autoencoderOptions = z.strictObject({
  hidden: z
    .array(z.int().positive())
    .min(1)
    .readonly()
    .default([32, 8, 32])
    .describe('Widths of the hidden layers; the narrowest is what a row has to pass through.'),
  epochs: z.int().positive().default(60).describe('Times that it sees each row, at most.'),
  batch: z.int().positive().default(64).describe('Rows per step.'),
  rate: z.number().positive().default(2e-3).describe('Learning rate of Adam.'),
  patience: z.int().min(0).default(6).describe('Epochs without a better validation after which to stop; 0: never.'),
  seed: z.int().default(1).describe('Seed of weights and order.'),
})

/** What goes with a training. */
export interface AutoencoderExtras {
  /** Rows to judge each epoch by: the network of the best one is kept. */
  readonly validation?: Matrix
  readonly signal?: AbortSignal
  /** `share`: 0 to 1. */
  progress?(share: number): void
  /** The fastest one that works here where left out. */
  readonly backend?: BackendName
}

/** A network that gives back what it is given, if that is like what it learned from. */
export interface Autoencoder {
  readonly layers: readonly DenseLayer[]
  /** Mean squared error by epoch. */
  readonly curve: Curve
  readonly backend: BackendName
  /** What it makes of each row. */
  reconstruct(data: Matrix): Matrix
}

/**
 * Teaches a dense autoencoder rows that are already at one scale, with no value missing. Deterministic by its seed on one
 * machine. Rejects with a DetectorError (TRAINING_FAILED) where it diverges, and with the reason of `signal`.
 */
export async function fitAutoencoder(
  data: Matrix,
  options: z.input<typeof autoencoderOptions> = {},
  extras: AutoencoderExtras = {},
): Promise<Autoencoder> {
  const settings = autoencoderOptions.parse(options)
  extras.signal?.throwIfAborted()
  const backend = await loadBackend(extras.backend)
  const random = seededRandom(settings.seed)
  const layers = createLayers([data.columns, ...settings.hidden, data.columns], 'linear', random)
  const lesson = (rows: Matrix) => ({ data: rows, loss: squaredError(rows) })
  const curve = await fit(backend, layers, lesson(data), extras.validation && lesson(extras.validation), {
    ...settings,
    dropout: 0,
    weightDecay: 0,
    patience: settings.patience || Infinity,
    schedule: () => constantRate(settings.rate),
    random,
    signal: extras.signal,
    progress: (share) => extras.progress?.(share),
  })
  return { layers, curve, backend: backend.name, reconstruct: (rows) => applyLayers(layers, rows) }
}
