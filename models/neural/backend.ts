import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { DetectorError, describeError } from '../../agent/core/index.ts'

/** TensorFlow.js, whichever package it came from. */
export type TensorFlow = typeof import('@tensorflow/tfjs')

/** How TensorFlow.js computes here. */
export interface Backend {
  readonly tf: TensorFlow
  /** `tfjs-node`: the native library; `wasm`: WebAssembly, one thread; `cpu`: plain JavaScript, the slowest. */
  readonly name: BackendName
  /** Why the faster ones are not used, in the order they were tried. */
  readonly passedOver: readonly string[]
}

export const backendNames = ['tfjs-node', 'wasm', 'cpu'] as const
export type BackendName = (typeof backendNames)[number]

const require = createRequire(import.meta.url)

/** Loaded as CommonJS, because that is how backends find the same core. */
const loaders: Record<BackendName, () => TensorFlow> = {
  'tfjs-node': () => require('@tensorflow/tfjs-node') as TensorFlow,
  wasm: () => {
    const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm')
    setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep)
    return require('@tensorflow/tfjs') as TensorFlow
  },
  cpu: () => require('@tensorflow/tfjs') as TensorFlow,
}

const loaded = new Map<BackendName, Promise<Backend>>()

/**
 * The fastest backend of TensorFlow.js that loads and computes here, or exactly `only`. Some half a second and 90 MB:
 * for training processes, not for the agent. TensorFlow.js has one backend at a time in a process: a later call for
 * another one replaces it. Rejects with a DetectorError (TRAINING_FAILED) where none starts.
 */
export async function loadBackend(only?: BackendName): Promise<Backend> {
  const passedOver: string[] = []
  for (const name of only ? [only] : backendNames) {
    try {
      const backend = await (loaded.get(name) ?? start(name, passedOver))
      await backend.tf.setBackend(idOf(name))
      return backend
    } catch (error) {
      loaded.delete(name)
      passedOver.push(`${name}: ${firstLine(describeError(error))}`)
    }
  }
  throw new DetectorError('TRAINING_FAILED', `TensorFlow.js cannot compute here (${passedOver.join('; ')})`, {
    remedy: 'Install the packages again with npm ci, or choose a model that is not a neural network.',
  })
}

function start(name: BackendName, passedOver: readonly string[]): Promise<Backend> {
  const backend = (async () => {
    const tf = loaders[name]()
    tf.enableProdMode()
    if (!(await tf.setBackend(idOf(name)))) throw new Error('the backend does not start')
    await tf.ready()
    checkThatItComputes(tf)
    return { tf, name, passedOver: [...passedOver] }
  })()
  loaded.set(name, backend)
  return backend
}

/** Loading says little: the native package loads and fails at its first operation where Node is too new for it. */
function checkThatItComputes(tf: TensorFlow): void {
  const product = tf.tidy(() => {
    const layer = { a: tf.tensor2d([[1, -2]]), b: tf.tensor2d([[3], [4]]), bias: tf.tensor1d([6]), activation: 'relu' } // prettier-ignore
    return tf.fused.matMul(layer as Parameters<typeof tf.fused.matMul>[0]).dataSync()[0]
  })
  if (product !== 1) throw new Error(`1 x 3 - 2 x 4 + 6 is ${product}`)
}

/** What TensorFlow.js calls the backend. */
const idOf = (name: BackendName): string => (name === 'tfjs-node' ? 'tensorflow' : name)

const firstLine = (text: string): string => text.split('\n', 1)[0]
