import type { Tensor } from 'onnxruntime-node'
import { DetectorError } from '../../agent/core/index.ts'
import { openSession, type OnnxSession } from '../onnx/runtime.ts'
import { decodeImage, type ImageBounds, type ImageProblem } from './decode.ts'
import { channelsOf, type ImageBundle, type ImageInput, type ImageManifest } from './manifest.ts'

/** The score by place, row-major; the same unit as the image's score. */
export interface AnomalyMap {
  readonly width: number
  readonly height: number
  readonly values: Float32Array
}

/** What a model makes of one image. */
export interface ImageAnswer {
  /** The likeliest class, or `good` and `defect`. */
  readonly label: string
  /** Probability of that class, or the score. */
  readonly score: number
  /** Scores above it are defects; none where the model tells classes. */
  readonly threshold?: number
  /** By class, in order of the manifest. */
  readonly probabilities?: Readonly<Record<string, number>>
  readonly map?: AnomalyMap
  /** Version of the model. */
  readonly model: string
}

/** Judges images. A damaged image is a problem, never an exception. Rejects with a DetectorError. */
export interface Inspector {
  inspect(image: Uint8Array): Promise<ImageAnswer | ImageProblem>
  close(): Promise<void>
}

/**
 * An inspector in this thread, checked against the golden images of the bundle before it is handed out. Blocks the
 * thread while the network runs: the agent keeps it in a worker (`openInspectorPool`).
 * Rejects with a DetectorError: MODEL_BROKEN, or MODEL_MISMATCH where the graph is not what the manifest describes.
 */
export async function openInspector({ manifest, onnx }: ImageBundle, bounds: ImageBounds): Promise<Inspector> {
  const session = await openSession(onnx, `image model ${manifest.version}`)
  try {
    checkPorts(manifest, session)
    const inspector = new SessionInspector(manifest, session, bounds)
    await inspector.checkGolden()
    return inspector
  } catch (error) {
    await session.close()
    throw error
  }
}

class SessionInspector implements Inspector {
  readonly #manifest: ImageManifest
  readonly #session: OnnxSession
  readonly #bounds: ImageBounds

  constructor(manifest: ImageManifest, session: OnnxSession, bounds: ImageBounds) {
    this.#manifest = manifest
    this.#session = session
    this.#bounds = bounds
  }

  inspect(image: Uint8Array): Promise<ImageAnswer | ImageProblem> {
    return this.#inspect(image, this.#manifest.input)
  }

  async #inspect(image: Uint8Array, input: ImageInput): Promise<ImageAnswer | ImageProblem> {
    const { width, height, region } = input
    const channels = channelsOf(input)
    const decoded = await decodeImage(image, { width, height, channels, region }, this.#bounds)
    if ('reason' in decoded) return decoded
    const shape = input.layout === 'nchw' ? [1, channels, height, width] : [1, height, width, channels]
    const outputs = await this.#session.run(input.name, networkPixels(decoded.pixels, input), shape)
    return answer(this.#manifest, outputs)
  }

  async checkGolden(): Promise<void> {
    const { golden, input, version } = this.#manifest
    for (const [index, { image, prepared, answers }] of golden.images.entries()) {
      const got = await this.#inspect(Buffer.from(image, 'base64'), prepared ? { ...input, region: undefined } : input)
      if ('reason' in got) throw mismatch(`golden image ${index + 1} of model ${version}: ${got.detail}`)
      const numbers = got.probabilities ? Object.values(got.probabilities) : [got.score]
      const right = answers.length === numbers.length && answers.every((expected, i) => Math.abs(numbers[i] - expected) <= golden.tolerance * Math.max(1, Math.abs(expected))) // prettier-ignore
      if (right) continue
      const words = `model ${version} answers ${brief(numbers)} for golden image ${index + 1}, its trainer ${brief(answers)}`
      throw mismatch(words)
    }
  }

  close(): Promise<void> {
    return this.#session.close()
  }
}

function brief(numbers: readonly number[]): string {
  return numbers.map((value) => value.toPrecision(4)).join(' ')
}

function mismatch(message: string): DetectorError {
  return new DetectorError('MODEL_MISMATCH', message, {
    remedy:
      'Check size, colour order, range, mean and std in the manifest; or restore the bundle from a copy, or train again.',
  })
}

/** Pixels [height, width, channels] as the network takes them. */
export function networkPixels(pixels: Uint8Array, input: ImageInput): Float32Array {
  const channels = channelsOf(input)
  const count = pixels.length / channels
  const values = new Float32Array(pixels.length)
  for (let c = 0; c < channels; c++) {
    const from = input.colour === 'bgr' ? channels - 1 - c : c
    const std = input.std?.[c] ?? 1
    const slope = input.range / 255 / std
    const offset = (input.mean?.[c] ?? 0) / std
    const [start, stride] = input.layout === 'nchw' ? [c * count, 1] : [c, channels]
    for (let i = 0, to = start; i < count; i++, to += stride) values[to] = pixels[i * channels + from] * slope - offset
  }
  return values
}

function answer({ output, version }: ImageManifest, outputs: Readonly<Record<string, Tensor>>): ImageAnswer {
  const tensor = outputs[output.name ?? Object.keys(outputs)[0]]
  const values = tensor.data as Float32Array
  if (output.type === 'classes') {
    const shares = output.softmax ? softmax(values) : values
    let best = 0
    for (let c = 1; c < shares.length; c++) if (shares[c] > shares[best]) best = c
    const probabilities = Object.fromEntries(output.classes.map((name, c) => [name, shares[c]]))
    return { label: output.classes[best], score: shares[best], probabilities, model: version }
  }
  const [score] = values
  const { threshold } = output
  const map = output.map === undefined ? undefined : mapOf(outputs[output.map])
  const label = score > threshold ? 'defect' : 'good'
  return { label, score, threshold, model: version, ...(map && { map }) }
}

function mapOf(tensor: Tensor): AnomalyMap {
  const [height, width] = tensor.dims.slice(-2)
  return { width, height, values: Float32Array.from(tensor.data as Float32Array) }
}

function softmax(values: Float32Array): Float32Array {
  const highest = values.reduce((most, value) => Math.max(most, value), -Infinity)
  const raised = values.map((value) => Math.exp(value - highest))
  const sum = raised.reduce((total, value) => total + value, 0)
  return raised.map((value) => value / sum)
}

/** Throws a DetectorError (MODEL_MISMATCH) where inputs or outputs of the graph are not those of the manifest. */
function checkPorts({ input, output, version }: ImageManifest, session: OnnxSession): void {
  const channels = channelsOf(input)
  const wanted = input.layout === 'nchw' ? [channels, input.height, input.width] : [input.height, input.width, channels]
  const port = session.inputs.find(({ name }) => name === input.name)
  if (!port) throw mismatch(`model ${version} has no input ${input.name}; it has ${names(session.inputs)}`)
  const fits = port.shape.length === 4 && wanted.every((size, i) => typeof port.shape[i + 1] !== 'number' || port.shape[i + 1] === size || port.shape[i + 1] === -1) // prettier-ignore
  if (!fits || port.type !== 'float32') {
    throw mismatch(`model ${version} takes ${port.type} [${port.shape.join(', ')}], the manifest says float32 [1, ${wanted.join(', ')}]`) // prettier-ignore
  }
  const asked = [output.name, output.type === 'score' ? output.map : undefined]
  for (const name of asked) {
    if (name === undefined || session.outputs.some((port) => port.name === name)) continue
    throw mismatch(`model ${version} has no output ${name}; it has ${names(session.outputs)}`)
  }
  if (output.type !== 'classes') return
  const classes = session.outputs.find(({ name }) => name === output.name) ?? session.outputs[0]
  const last = classes.shape[classes.shape.length - 1]
  if (typeof last === 'number' && last > 0 && last !== output.classes.length) {
    throw mismatch(`model ${version} tells ${last} classes, the manifest names ${output.classes.length}`)
  }
}

function names(ports: OnnxSession['inputs']): string {
  return ports.map(({ name }) => name).join(', ')
}
