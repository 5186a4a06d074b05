import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { DetectorError } from '../../agent/core/index.ts'
import { sha256 } from '../onnx/runtime.ts'
import {
  goldenImages,
  imageInput,
  imageManifest,
  imageOutput,
  type ImageBundle,
  type ImageManifest,
} from './manifest.ts'
import type { OwnImageSettings } from './settings.ts'

/** Hash of what a bundle says and computes, hexadecimal: the same whenever and under whatever name it was made. */
export function contentHash({ version: _, created: __, parent: ___, ...content }: ImageManifest): string {
  return sha256(JSON.stringify(content)).slice(0, 12)
}

/**
 * Reads the bundle of an image model. Rejects with a DetectorError: MODEL_MISSING where there is none, MODEL_BROKEN
 * where it is damaged.
 */
export async function readImageBundle(folder: string): Promise<ImageBundle> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch((cause: unknown) => {
    throw new DetectorError('MODEL_MISSING', `there is no image model in ${folder}`, {
      cause,
      remedy: 'Train one: millwright train --config FILE --monitor STATION --images DIR.',
    })
  })
  const manifest = parse(imageManifest, text, folder)
  const onnx = await read(join(folder, 'model.onnx'))
  if (sha256(onnx) !== manifest.sha256) throw broken(folder, 'model.onnx is not the file that the manifest describes')
  return { manifest, onnx, card: await readFile(join(folder, 'card.md'), 'utf8').catch(() => '') }
}

/** Writes a bundle as a whole: a folder beside is renamed to `folder`, which it replaces. */
export async function writeImageBundle(folder: string, { manifest, onnx, card }: ImageBundle): Promise<void> {
  const fresh = `${folder}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  await writeFile(join(fresh, 'model.onnx'), onnx)
  await writeFile(join(fresh, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`)
  await writeFile(join(fresh, 'card.md'), card)
  await rm(folder, { recursive: true, force: true })
  await rename(fresh, folder)
}

/** What the user writes of a network of their own; the rest follows from the file. */
const ownManifest = z.object({ input: imageInput, output: imageOutput, golden: goldenImages.prefault({}) })

/**
 * A bundle from the user's ONNX file and the manifest.json beside it.
 * Rejects with a DetectorError: MODEL_MISSING or MODEL_BROKEN.
 */
export async function readOwnImageModel({ file }: OwnImageSettings, station: string): Promise<ImageBundle> {
  const onnx = await read(file)
  const path = join(dirname(file), 'manifest.json')
  const own = parse(ownManifest, Buffer.from(await read(path)).toString('utf8'), path)
  const manifest: ImageManifest = {
    format: 1,
    type: 'onnx',
    kind: 'inspection',
    monitor: station,
    version: '',
    created: 0,
    sha256: sha256(onnx),
    ...own,
    training: { images: 0, held_out: 0, classes: {} },
    metrics: {},
  }
  return {
    manifest: { ...manifest, version: contentHash(manifest) },
    onnx,
    card: `# ${file}\n\nA network of your own.\n`,
  }
}

async function read(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new DetectorError('MODEL_MISSING', `${path} cannot be read`, { cause })
  })
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string, where: string): z.output<Schema> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw broken(where, 'manifest.json is not JSON', cause)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw broken(where, `manifest.json is not as it should be: ${z.prettifyError(parsed.error)}`, parsed.error)
}

function broken(where: string, reason: string, cause?: unknown): DetectorError {
  return new DetectorError('MODEL_BROKEN', `the image model ${where} is damaged: ${reason}`, {
    cause,
    remedy: 'Restore the folder from a copy, correct the manifest, or train again.',
  })
}
