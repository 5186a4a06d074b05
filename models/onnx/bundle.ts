import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DetectorError, readWhole } from '../../agent/core/index.ts'
import { reportFiles } from '../report-files.ts'
import { manifest as manifestSchema, type Manifest, type ModelBundle, type StoredBundle } from './manifest.ts'
import { sha256 } from './runtime.ts'

/** The files of a bundle, beside its report. */
export const bundleFiles = {
  onnx: 'model.onnx',
  manifest: 'manifest.json',
  card: 'card.md',
  signature: 'signature.json',
} as const

/** Bytes of a card. */
const largestCard = 1_000_000

/** Hash of what a bundle says and computes, hexadecimal: the same whenever and under whatever name it was made. */
export function contentHash({ version: _, created: __, parent: ___, ...content }: StoredBundle['manifest']): string {
  return sha256(JSON.stringify(sortKeys(content)))
}

/** Writes a bundle into an existing folder; on disk when it resolves. */
export async function writeBundle(folder: string, bundle: StoredBundle): Promise<void> {
  await writeDurable(join(folder, bundleFiles.onnx), bundle.onnx)
  await writeDurable(join(folder, bundleFiles.manifest), encodeManifest(bundle.manifest))
  await writeDurable(join(folder, bundleFiles.card), bundle.card)
  if (bundle.signature !== undefined) await writeDurable(join(folder, bundleFiles.signature), bundle.signature)
  if (bundle.report) {
    for (const [name, content] of reportFiles(bundle.report)) await writeDurable(join(folder, name), content)
  }
  await syncFolder(folder)
}

/** The text of `manifest.json`. */
export function encodeManifest(manifest: object): string {
  return `${JSON.stringify(manifest, null, 1)}\n`
}

/** Reads the bundle of a monitor's model. Rejects with a DetectorError (MODEL_BROKEN) where it is damaged. */
export function readBundle(folder: string): Promise<ModelBundle> {
  return readBundleOf(folder, parseManifest)
}

/** Reads a bundle whose manifest `parse` understands. Rejects with a DetectorError (MODEL_BROKEN) where it is damaged. */
export async function readBundleOf<Own extends StoredBundle['manifest']>(
  folder: string,
  parse: (bytes: Uint8Array, where: string) => Own,
): Promise<StoredBundle<Own>> {
  const manifest = parse(await readPart(folder, bundleFiles.manifest), folder)
  const onnx = await readPart(folder, bundleFiles.onnx)
  if (sha256(onnx) !== manifest.sha256) throw broken(folder, 'model.onnx is not the file that the manifest describes')
  const card = await readWhole(join(folder, bundleFiles.card), largestCard).then(String, () => '')
  const signature = await readWhole(join(folder, bundleFiles.signature), largestCard).then(String, () => undefined)
  return { manifest, onnx, card, ...(signature !== undefined && { signature }) }
}

/** A manifest from the bytes of its file. Throws a DetectorError (MODEL_BROKEN). */
export function parseManifest(bytes: Uint8Array, where: string): Manifest {
  const parsed = parseAs(manifestSchema, bytes, where)
  const problem = inconsistency(parsed)
  if (problem !== undefined) throw broken(where, `manifest.json contradicts itself: ${problem}`)
  return parsed
}

/** A manifest of some schema from the bytes of its file. Throws a DetectorError (MODEL_BROKEN). */
export function parseAs<Schema extends z.ZodType>(schema: Schema, bytes: Uint8Array, where: string): z.output<Schema> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    throw broken(where, 'manifest.json is not JSON', error)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw broken(where, `manifest.json is not as it should be: ${z.prettifyError(parsed.error)}`, parsed.error)
}

/** Makes the entries of a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function readPart(folder: string, file: string): Promise<Buffer> {
  try {
    return await readWhole(join(folder, file))
  } catch (error) {
    throw broken(folder, `${file} cannot be read`, error)
  }
}

/** Writes a file; on disk when it resolves. */
export async function writeDurable(path: string, content: Uint8Array | string): Promise<void> {
  const handle = await open(path, 'w')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function inconsistency({
  features,
  calibration,
  golden,
  scaled,
  kind,
  classes,
  outputs,
  baseline,
}: Manifest): string | undefined {
  const columns = features.names.length
  const tables = [calibration.pooled, ...Object.values(calibration.assets)]
  if (scaled && tables.some(({ mean, scale }) => mean.length !== columns || scale.length !== columns)) {
    return `${columns} features, but scaling for another number`
  }
  const { inputs, scores, asset } = golden
  if (
    inputs.length !== scores.length ||
    inputs.length !== asset.length ||
    inputs.some((row) => row.length !== columns)
  ) {
    return 'golden vectors of different lengths'
  }
  if (kind === 'fault' && (classes.length < 2 || outputs.probabilities === undefined)) {
    return 'a fault model without at least two classes and an output with their probabilities'
  }
  if ((kind === 'rul' || kind === 'estimate') && outputs.value === undefined) {
    return `kind ${kind} without an output with the value`
  }
  if (baseline && baseline.length !== columns) return `${columns} features, but a baseline of ${baseline.length}`
  return undefined
}

function broken(where: string, reason: string, cause?: unknown): DetectorError {
  return new DetectorError('MODEL_BROKEN', `the model bundle ${where} is damaged: ${reason}`, {
    cause,
    remedy: 'Restore the folder from a copy, go back to an older version, or train again.',
  })
}

/** The value with the keys of every object in order, so that equal contents give equal texts. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortKeys(item)]),
  )
}
