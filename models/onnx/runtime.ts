import { createRequire } from 'node:module'
import { createHash } from 'node:crypto'
import type * as Runtime from 'onnxruntime-node'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { DetectorError, describeError, later } from '../../agent/core/index.ts'

const require = createRequire(import.meta.url)
const runtime = later(() => require('onnxruntime-node') as typeof Runtime)

/** A tensor that a model takes or gives. Names in `shape` stand for sizes that are free. */
export interface Port {
  readonly name: string
  readonly type: string
  readonly shape: readonly (number | string)[]
}

export type Numbers = Float32Array | Float64Array

/** A loaded model. Sessions of the same bytes are shared; the last `close` releases the native memory. */
export interface OnnxSession {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  /** Runs the model on one input; the outputs by name. Blocks the thread while the model computes. */
  run(input: string, values: Numbers, shape: readonly number[]): Promise<Readonly<Record<string, Tensor>>>
  close(): Promise<void>
}

interface Shared {
  readonly session: Promise<InferenceSession>
  users: number
}

/** By hash of the model: native sessions are dear, and some versions of the runtime leak when they are made and released. */
const loaded = new Map<string, Shared>()

/**
 * Loads an ONNX model for one thread: the default pool spins, and tiny graphs gain nothing from it.
 * Rejects with a DetectorError (MODEL_BROKEN) where the bytes are no ONNX model that the runtime can run.
 */
export async function openSession(model: Uint8Array, what: string): Promise<OnnxSession> {
  const key = sha256(model)
  const shared = loaded.get(key) ?? { session: create(model), users: 0 }
  loaded.set(key, shared)
  shared.users++
  try {
    return wrap(await shared.session, () => release(key, shared))
  } catch (error) {
    loaded.delete(key)
    throw brokenModel(what, error)
  }
}

/** Of ONNX Runtime: another may answer otherwise. */
export const runtimeVersion = () => runtime().env.versions.common

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function create(model: Uint8Array): Promise<InferenceSession> {
  return runtime().InferenceSession.create(model, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
  })
}

async function release(key: string, shared: Shared): Promise<void> {
  if (--shared.users > 0) return
  loaded.delete(key)
  await (await shared.session).release()
}

function wrap(session: InferenceSession, close: () => Promise<void>): OnnxSession {
  let closed: Promise<void> | undefined
  return {
    inputs: session.inputMetadata.map(port),
    outputs: session.outputMetadata.map(port),
    run: async (input, values, shape) => {
      if (closed) throw new DetectorError('MODEL_BROKEN', 'the model is closed')
      return session.run({ [input]: tensor(values, shape) })
    },
    close: () => (closed ??= close()),
  }
}

function tensor(values: Numbers, shape: readonly number[]): Tensor {
  const { Tensor } = runtime()
  return values instanceof Float32Array ? new Tensor('float32', values, shape) : new Tensor('float64', values, shape)
}

function port(metadata: InferenceSession.ValueMetadata): Port {
  return metadata.isTensor
    ? { name: metadata.name, type: metadata.type, shape: metadata.shape }
    : { name: metadata.name, type: 'not a tensor', shape: [] }
}

/** The runtime's words, turned into what the user can do about it. */
function brokenModel(what: string, cause: unknown): DetectorError {
  const words = describeError(cause)
  const [reason, remedy] = /protobuf|deserialize|ModelProto|No graph/i.test(words)
    ? ['it is not an ONNX file, or it is cut off', 'Export the model to ONNX again and copy the whole file.']
    : /not a registered|custom op|No Op registered|unimplemented|NOT_IMPLEMENTED|Could not find an implementation/i.test(
          words,
        )
      ? ['it uses operators that ONNX Runtime does not have', 'Export it with the standard ONNX operators only.']
      : /opset|IR version/i.test(words)
        ? ['it is written for a newer ONNX than the runtime knows', 'Export it with an older operator set.']
        : ['ONNX Runtime cannot load it', undefined]
  return new DetectorError('MODEL_BROKEN', `${what} cannot be used: ${reason}`, { cause, ...(remedy && { remedy }) })
}
