import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { methods } from '../../models/inspection/candidates.ts'
import { channelsOf, imageManifest, type ImageBundle, type ImageInput } from '../../models/inspection/manifest.ts'
import { decodeImage } from '../../models/inspection/decode.ts'
import { openBackbone } from '../../models/inspection/embedding/backbone.ts'
import { selectImages, spreadRows } from '../../models/inspection/images.ts'
import { networkPixels, openInspector } from '../../models/inspection/inspector.ts'
import { openInspectorPool } from '../../models/inspection/pool.ts'
import { learnedImageConfig } from '../../models/inspection/settings.ts'
import { openSession, sha256 } from '../../models/onnx/runtime.ts'
import { bounds, readFolder } from './parts/images.ts'
import { mobileNet } from './parts/mobilenet.ts'

const classes = ['good', 'scratch', 'dent']

/**
 * Speed of inspection, from the bytes of a JPEG to the verdict, against bare ONNX Runtime with the same network and ready
 * pixels on one thread: the trained classifier at 128 px grey, and a network of the size of MobileNetV2 at 224 px colour.
 * `data`: a folder with `xsdd` in it, for the images.
 */
export async function run(args: { readonly data?: string }): Promise<void> {
  const folder = join(args.data ?? '', 'xsdd')
  if (args.data === undefined || !existsSync(folder)) {
    console.log('X-SDD is not there: give the folder that holds xsdd with --data DIR.')
    return
  }
  const files = readdirSync(join(folder, 'red_iron')).map((file) => readFileSync(join(folder, 'red_iron', file)))
  await measure('classifier, 128 px grey', await classifier(folder), files)
  const input = { name: 'image', layout: 'nchw', colour: 'rgb', width: 224, height: 224, range: 1 } as const
  await shares(folder, files)
  await measure('MobileNetV2, 224 px colour', bundleOf(mobileNet(classes.length), input), files)
}

/** Milliseconds an image, one after another in this thread: what inspection from good images is made of. */
async function shares(folder: string, files: readonly Uint8Array[]): Promise<void> {
  for (const size of [128, 256] as const) {
    const settings = learnedImageConfig.parse({ type: 'learned', size })
    const images = selectImages((await readFolder(folder, size)).set, spreadRows(1360, 60))
    const { onnx, input } = await methods.embedding({ images, labels: new Uint16Array(60), classes: 1, settings })
    const backbone = await openBackbone(size)
    const pixels = networkPixels(images.pixels.subarray(0, size * size), input)
    const network = await session(backbone.onnx, backbone.input, Float32Array.from([...pixels, ...pixels, ...pixels]), [1, 3, size, size]) // prettier-ignore
    const embedding = await session(onnx, input.name, pixels, [1, 1, size, size])
    const inspector = await openInspector({ ...bundleOf(onnx, input), manifest: { ...bundleOf(onnx, input).manifest, output: { type: 'score', name: 'score', map: 'map', threshold: 1 } } }, bounds) // prettier-ignore
    const verdict = 1000 / (await rate(300, (i) => inspector.inspect(files[i % files.length]), 1))
    await inspector.close()
    const decode = 1000 / (await rate(300, (i) => decodeImage(files[i % files.length], { width: size, height: size, channels: 1 }, bounds), 1)) // prettier-ignore
    const ms = { decode, 'bare network': network, 'network and embedding': embedding, 'JPEG to verdict': verdict }
    console.log(`embedding, ${size} px grey, ms an image: ${Object.entries(ms).map(([name, value]) => `${name} ${value.toFixed(1)}`).join(', ')}`) // prettier-ignore
  }
}

/** ms a run. */
async function session(
  onnx: Uint8Array,
  input: string,
  values: Float32Array,
  shape: readonly number[],
): Promise<number> {
  const own = await openSession(onnx, 'benchmark')
  await rate(30, () => own.run(input, values, shape), 1)
  const ms = 1000 / (await rate(300, () => own.run(input, values, shape), 1))
  await own.close()
  return ms
}

async function classifier(folder: string): Promise<ImageBundle> {
  const images = await readFolder(folder, 128)
  const rows = [...images.labels.keys()].slice(0, 64)
  const labels = Uint16Array.from(rows, (row) => row % classes.length)
  const settings = learnedImageConfig.parse({ type: 'learned', epochs: 1 })
  const { onnx, input } = await methods.classifier({ images: selectImages(images.set, rows), labels, classes: classes.length, settings }) // prettier-ignore
  return bundleOf(onnx, input)
}

function bundleOf(onnx: Uint8Array, input: ImageInput): ImageBundle {
  const output = { type: 'classes', softmax: false, classes }
  const training = { images: 0, held_out: 0, classes: {} }
  const head = { format: 1, type: 'classifier', kind: 'inspection', monitor: 'bench', version: 'bench', created: 0 }
  const manifest = imageManifest.parse({ ...head, sha256: sha256(onnx), input, output, training, metrics: {}, golden: {} }) // prettier-ignore
  return { manifest, onnx, card: '' }
}

async function measure(what: string, bundle: ImageBundle, files: readonly Uint8Array[]): Promise<void> {
  const { onnx, manifest } = bundle
  const { width, height } = manifest.input
  const shape = [1, channelsOf(manifest.input), height, width]
  const pixels = networkPixels(new Uint8Array(shape.reduce((product, size) => product * size)).fill(99), manifest.input)
  const session = await openSession(onnx, 'benchmark')
  const bare = await rate(300, () => session.run(manifest.input.name, pixels, shape), 1)
  await session.close()
  for (const workers of [1, 2]) {
    const pool = await openInspectorPool(bundle, bounds, workers)
    await rate(50, (i) => pool.inspect(files[i % files.length]), 2 * workers)
    const own = await rate(1000, (i) => pool.inspect(files[i % files.length]), 2 * workers)
    await pool.close()
    console.log(
      `${what}, JPEG to verdict, ${workers} worker${workers > 1 ? 's' : ''}: ${own.toFixed(0)} images/s; bare runtime on one thread ${bare.toFixed(0)}/s, ratio ${(own / bare).toFixed(2)}`,
    )
  }
}

async function rate(count: number, action: (i: number) => Promise<unknown>, atOnce: number): Promise<number> {
  let next = 0
  const work = async () => {
    while (next < count) await action(next++)
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: atOnce }, work))
  return (1000 * count) / (performance.now() - started)
}
