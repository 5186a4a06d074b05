import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { DetectorError } from '../../../agent/core/index.ts'
import { openSession, sha256 } from '../../onnx/runtime.ts'

const channels = z.array(z.number()).min(1).max(3)

/** A network of the user's own, whose layers describe images. */
export const backboneConfig = z.strictObject({
  file: z.string().min(1).describe('Path of the .onnx file: a network trained on many images, operator set 13 to 17.'),
  layers: z
    .array(z.string().min(1))
    .min(1)
    .max(8)
    .describe('Names of its outputs that are used, each [batch, channels, rows, columns].'),
  mean: channels
    .default([0.485, 0.456, 0.406])
    .describe('Subtracted from red, green and blue of 0 to 1. Default: that of ImageNet.'),
  std: z
    .array(z.number().positive())
    .min(1)
    .max(3)
    .default([0.229, 0.224, 0.225])
    .describe('Divided by. Default: that of ImageNet.'),
})

export type BackboneSettings = z.output<typeof backboneConfig>

/** A layer of a backbone for images of one size. */
export interface BackboneLayer {
  readonly name: string
  readonly channels: number
  readonly rows: number
  readonly columns: number
}

/** A network that describes images by place: it takes [batch, 3, n, n], scaled by mean and std. */
export interface Backbone {
  readonly onnx: Uint8Array
  /** Name of its input. */
  readonly input: string
  readonly mean: readonly number[]
  readonly std: readonly number[]
  readonly layers: readonly BackboneLayer[]
}

/** What backbone/README.md says of the file that comes along. */
const own = {
  sha256: 'e39b9b5d7b707bda08e11f3fb55114f428a916c50a4733a4dc07183405808e21',
  layers: ['stride4', 'stride8', 'stride16', 'stride16_late'],
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
}

/**
 * The backbone that comes along, or the user's own, tried on an image of `size`. Rejects with a DetectorError: MODEL_MISSING,
 * MODEL_BROKEN where the file is not what it was, or MODEL_MISMATCH where it has not the layers.
 */
export async function openBackbone(size: number, settings?: BackboneSettings): Promise<Backbone> {
  const path = settings?.file ?? new URL('../backbone/mobilenet-v2.onnx', import.meta.url)
  const onnx = await readFile(path).catch((cause: unknown) => {
    throw new DetectorError('MODEL_MISSING', `the backbone ${String(path)} cannot be read`, { cause })
  })
  if (!settings && sha256(onnx) !== own.sha256) {
    throw new DetectorError('MODEL_BROKEN', `${String(path)} is not the file that came with this version`, { remedy: 'Install the package again.' }) // prettier-ignore
  }
  const { layers, mean, std } = settings ?? own
  const three = (values: readonly number[]) => [0, 1, 2].map((c) => values[Math.min(c, values.length - 1)])
  return { onnx, mean: three(mean), std: three(std), ...(await tried(onnx, layers, size)) }
}

async function tried(onnx: Uint8Array, layers: readonly string[], size: number) {
  const session = await openSession(onnx, 'the backbone')
  try {
    const [input] = session.inputs
    const known = session.outputs.map(({ name }) => name)
    const missing = layers.find((layer) => !known.includes(layer))
    if (missing !== undefined) throw mismatch(`has no output ${missing}; it has ${known.join(', ')}`)
    if (session.inputs.length !== 1 || input.type !== 'float32') throw mismatch('must take one float32 image')
    const shape = [1, 3, size, size]
    const outputs = await session.run(input.name, new Float32Array(3 * size * size), shape).catch((cause: unknown) => {
      throw mismatch(`cannot be run on [1, 3, ${size}, ${size}]`, cause)
    })
    return { input: input.name, layers: layers.map((name) => layerOf(name, outputs[name])) }
  } finally {
    await session.close()
  }
}

function layerOf(name: string, { dims, type }: { readonly dims: readonly number[]; readonly type: string }) {
  const [, channels, rows, columns] = dims
  if (dims.length === 4 && type === 'float32' && rows > 0 && columns > 0) return { name, channels, rows, columns }
  throw mismatch(`gives ${name} as ${type} [${dims.join(', ')}], not [batch, channels, rows, columns] in float32`)
}

function mismatch(what: string, cause?: unknown): DetectorError {
  return new DetectorError('MODEL_MISMATCH', `the backbone ${what}`, {
    cause,
    remedy: 'Name outputs of the network under backbone.layers, and a size that it takes under size.',
  })
}
