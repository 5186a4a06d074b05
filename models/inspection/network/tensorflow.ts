import { createRequire } from 'node:module'
import { DetectorError } from '../../../agent/core/index.ts'

/** TensorFlow.js as loaded by `loadTensorFlow`. */
export type TensorFlow = typeof import('@tensorflow/tfjs')

const require = createRequire(import.meta.url)

/**
 * TensorFlow.js on the WebAssembly backend (or `cpu`, to compare with). Heavy: for training processes only.
 * Loaded as CommonJS, because that is how the backend finds the same core.
 * Rejects with a DetectorError (TRAINING_FAILED) where it cannot start.
 */
export async function loadTensorFlow(backend: 'wasm' | 'cpu' = 'wasm'): Promise<TensorFlow> {
  try {
    const tf = require('@tensorflow/tfjs') as TensorFlow
    require('@tensorflow/tfjs-backend-wasm')
    if (!(await tf.setBackend(backend))) throw new Error(`backend ${backend} does not start`)
    await tf.ready()
    return tf
  } catch (cause) {
    throw new DetectorError('TRAINING_FAILED', 'TensorFlow.js cannot be loaded', {
      cause,
      remedy: 'Install the packages again with npm ci; image training needs a processor with WebAssembly SIMD.',
    })
  }
}
