import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { methods, sizeOf, type Fitted, type Lesson } from '../../models/inspection/candidates.ts'
import { decodeImage } from '../../models/inspection/decode.ts'
import { auroc, classScores, confusionMatrix, runImages } from '../../models/inspection/evaluation.ts'
import { selectImages, type ImageSet } from '../../models/inspection/images.ts'
import { imageManifest, type ImageBundle } from '../../models/inspection/manifest.ts'
import { networkPixels } from '../../models/inspection/inspector.ts'
import { openInspectorPool } from '../../models/inspection/pool.ts'
import { learnedImageConfig, type Method } from '../../models/inspection/settings.ts'
import { openSession, sha256 } from '../../models/onnx/runtime.ts'

const bounds = { bytes: 20e6, pixels: 40e6 }

interface Labelled {
  readonly set: ImageSet
  readonly labels: Uint16Array
  readonly names: readonly string[]
  /** Place of each image within its class, and how many there are. */
  readonly place: readonly (readonly [number, number])[]
}

type Part = (data: string) => Promise<void>

/** `--part NAME`: one of them; without it all that find their data. Each prints what it trained on and what it reached. */
const parts: Readonly<Record<string, Part>> = {
  xsdd: async (data) => {
    const images = await readFolder(join(data, 'xsdd'), 64)
    await classify('X-SDD, contiguous split', images, (row) => late(images, row), 'classifier')
    await classify('X-SDD, interleaved split (leaky)', images, (row) => images.place[row][0] % 10 >= 7, 'classifier')
  },
  textures: async (data) => {
    const images = await readFolder(join(data, 'xsdd'), 128)
    await classify('X-SDD, contiguous split', images, (row) => late(images, row), 'textures')
  },
  mnist: async (data) => {
    const images = readMnist(join(data, 'mnist_t10k'))
    const augmentation = { flip_horizontal: false, flip_vertical: false, rotate: 12, zoom: 0.1 }
    await classify('MNIST-10k', images, (row) => row % 5 === 4, 'classifier', { epochs: 10, augmentation })
  },
  good: (data) => goodOnly(data, 'patches'),
  segmentation: (data) => goodOnly(data, 'segmentation'),
  speed: async (data) => speed(join(data, 'xsdd')),
}

/** The last 30 % of a class, in order of file names. */
function late({ place }: Labelled, row: number): boolean {
  return place[row][0] >= Math.floor(place[row][1] * 0.7)
}

/** Quality inspection on real images: accuracy, detection from good images only, and speed. */
export async function run(args: { readonly data?: string; readonly part?: string }): Promise<void> {
  if (args.data === undefined || !existsSync(join(args.data, 'xsdd'))) {
    console.log('X-SDD and MNIST are not there: give the folder that holds xsdd and mnist_t10k with --data DIR.')
    return
  }
  for (const [name, part] of Object.entries(parts)) {
    if (args.part === undefined || args.part === name) await part(args.data)
  }
}

async function fit(method: Method, { set, labels, names }: Labelled, rows: readonly number[], own: object) {
  const settings = learnedImageConfig.parse({ type: 'learned', ...own })
  const classes = names.length
  const images = selectImages(set, rows)
  const lesson: Lesson = { images, labels: Uint16Array.from(rows, (row) => labels[row]), classes, settings }
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  const fitted = await methods[method](lesson)
  const { user, system } = process.cpuUsage(cpu)
  return { fitted, seconds: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 }
}

async function ask({ onnx, input }: Fitted, set: ImageSet, output: string): Promise<Float32Array[]> {
  const session = await openSession(onnx, 'benchmark')
  const answers = await runImages(session, input, set, output)
  await session.close()
  return answers
}

async function classify(
  title: string,
  images: Labelled,
  isTest: (row: number) => boolean,
  method: Method,
  own: object = {},
): Promise<void> {
  const all = [...images.labels.keys()]
  const test = all.filter(isTest)
  const learned = all.filter((row) => !isTest(row))
  const { fitted, seconds, cpu } = await fit(method, images, learned, own)
  const answers = await ask(fitted, selectImages(images.set, test), 'probabilities')
  const truth = test.map((row) => images.labels[row])
  const { accuracy, macro_f1 } = classScores(confusionMatrix(truth, answers, images.names.length))
  console.log(
    `${title}, ${method}: ${learned.length} images learned, ${test.length} tested: accuracy ${(accuracy * 100).toFixed(2)} %, macro-F1 ${macro_f1.toFixed(3)}; training ${seconds.toFixed(0)} s, ${cpu.toFixed(0)} s of CPU`,
  )
}

/** Each class of X-SDD with 80 images to learn from is good in turn, all the others are defects. */
async function goodOnly(data: string, method: Method): Promise<void> {
  const images = await readFolder(join(data, 'xsdd'), sizeOf(method, learnedImageConfig.parse({ type: 'learned' })))
  const all = [...images.labels.keys()]
  const test = all.filter((row) => late(images, row))
  const areas: number[] = []
  for (const [label, name] of images.names.entries()) {
    const rows = all.filter((row) => images.labels[row] === label && !late(images, row))
    if (rows.length < 80) continue
    const { fitted, seconds, cpu } = await fit(method, images, rows, {})
    const scores = (await ask(fitted, selectImages(images.set, test), 'score')).map(([score]) => score)
    const of = (good: boolean) => scores.filter((_, i) => (images.labels[test[i]] === label) === good)
    areas.push(auroc(of(true), of(false)))
    console.log(
      `good only, ${method}, ${name}: AUROC ${areas.at(-1)!.toFixed(3)} from ${rows.length} images; training ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s of CPU`,
    )
  }
  console.log(`good only, ${method}: mean AUROC ${(areas.reduce((sum, area) => sum + area) / areas.length).toFixed(3)}`)
}

/** From JPEG bytes to verdict, against the same network fed with ready pixels on one thread. */
async function speed(folder: string): Promise<void> {
  const images = await readFolder(folder, 128)
  const { fitted } = await fit('classifier', images, [...images.labels.keys()].slice(0, 64), { epochs: 1 })
  const { onnx, input } = fitted
  const output = { type: 'classes', softmax: false, classes: images.names }
  const training = { images: 0, held_out: 0, classes: {} }
  const head = { format: 1, type: 'classifier', kind: 'inspection', monitor: 'bench', version: 'bench', created: 0 }
  const manifest = imageManifest.parse({ ...head, sha256: sha256(onnx), input, output, training, metrics: {}, golden: {} }) // prettier-ignore
  const bundle: ImageBundle = { manifest, onnx, card: '' }
  const session = await openSession(onnx, 'benchmark')
  const pixels = networkPixels(selectImages(images.set, [0]).pixels, input)
  const bare = await rate(300, () => session.run(input.name, pixels, [1, 1, 128, 128]), 1)
  await session.close()
  const files = readdirSync(join(folder, 'red_iron')).map((file) => readFileSync(join(folder, 'red_iron', file)))
  for (const workers of [1, 2]) {
    const pool = await openInspectorPool(bundle, bounds, workers)
    const own = await rate(1000, (i) => pool.inspect(files[i % files.length]), 2 * workers)
    await pool.close()
    console.log(
      `128 px grey classifier, JPEG to verdict, ${workers} workers: ${own.toFixed(0)} images/s; bare runtime on one thread ${bare.toFixed(0)}/s, ratio ${(own / bare).toFixed(2)}`,
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

async function readFolder(folder: string, size: number): Promise<Labelled> {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
  const wanted = { width: size, height: size, channels: 1 } as const
  const pixels: Uint8Array[] = []
  const labels: number[] = []
  const place: [number, number][] = []
  for (const [label, name] of names.entries()) {
    const files = readdirSync(join(folder, name)).sort()
    for (const [i, file] of files.entries()) {
      const decoded = await decodeImage(readFileSync(join(folder, name, file)), wanted, bounds)
      if ('reason' in decoded) throw new Error(`${file}: ${decoded.detail}`)
      pixels.push(decoded.pixels)
      labels.push(label)
      place.push([i, files.length])
    }
  }
  const set = { ...wanted, count: pixels.length, pixels: new Uint8Array(Buffer.concat(pixels)) }
  return { set, labels: Uint16Array.from(labels), names, place }
}

function readMnist(folder: string): Labelled {
  const read = (file: string) => gunzipSync(readFileSync(join(folder, file)))
  const pixels = new Uint8Array(read('t10k-images-idx3-ubyte.gz').subarray(16))
  const labels = Uint16Array.from(read('t10k-labels-idx1-ubyte.gz').subarray(8))
  const set = { count: labels.length, width: 28, height: 28, channels: 1, pixels } as const
  const names = Array.from({ length: 10 }, (_, digit) => String(digit))
  return { set, labels, names, place: [] }
}
