import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { DetectorError } from '../../agent/core/index.ts'
import { contentHash, parseAs, readBundleOf } from '../onnx/bundle.ts'
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

/**
 * Reads the bundle of an image model. Rejects with a DetectorError (MODEL_BROKEN) where it is damaged.
 */
export function readImageBundle(folder: string): Promise<ImageBundle> {
  return readBundleOf(folder, (bytes, where) => parseAs(imageManifest, bytes, where))
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
  const own = parseAs(ownManifest, await read(path), path)
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
    manifest: { ...manifest, version: contentHash(manifest).slice(0, 12) },
    onnx,
    card: `# ${file}\n\nA network of your own.\n`,
  }
}

async function read(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new DetectorError('MODEL_MISSING', `${path} cannot be read`, { cause })
  })
}
