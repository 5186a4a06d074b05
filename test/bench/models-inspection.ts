import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { methods, sizeOf, type Fitted, type Lesson } from '../../models/inspection/candidates.ts'
import { auroc, classScores, confusionMatrix, runImages } from '../../models/inspection/evaluation.ts'
import { selectImages, spreadRows, type ImageSet } from '../../models/inspection/images.ts'
import { openInspector, type ImageAnswer } from '../../models/inspection/inspector.ts'
import { learnedImageConfig, type Method } from '../../models/inspection/settings.ts'
import { trainStation } from '../../models/inspection/train.ts'
import { openSession } from '../../models/onnx/runtime.ts'
import { tableOf, type Figure } from './parts/figures.ts'
import { bounds, classesOf, late, readFolder, type LabelledImages } from './parts/images.ts'

interface Trial {
  readonly data: string
  readonly images: LabelledImages
  readonly isTest: (row: number) => boolean
  /** Absent: what is not tested. */
  readonly learns?: (row: number) => boolean
  readonly method: Method
  /** Settings beside the defaults. */
  readonly own?: object
  readonly reference: readonly [accuracy: string, f1: string]
}

type Part = (data: string, seed: number) => Promise<Figure[]>

/** `--part NAME`: one of them; without it all that find their data. */
const parts: Readonly<Record<string, Part>> = {
  xsdd: async (data, seed) => {
    const images = await readFolder(join(data, 'xsdd'), 64)
    return classify({ data: 'X-SDD, contiguous', images, isTest: (row) => late(images, row), method: 'classifier', own: { seed }, reference: ['90.5 %', '.83'] }) // prettier-ignore
  },
  leaky: async (data, seed) => {
    const images = await readFolder(join(data, 'xsdd'), 64)
    return classify({ data: 'X-SDD, interleaved (leaky)', images, isTest: (row) => images.place[row][0] % 10 >= 7, method: 'classifier', own: { seed }, reference: ['97.8 %', ''] }) // prettier-ignore
  },
  textures: async (data) => {
    const images = await readFolder(join(data, 'xsdd'), 128)
    return classify({ data: 'X-SDD, contiguous', images, isTest: (row) => late(images, row), method: 'textures', reference: ['79 %', ''] }) // prettier-ignore
  },
  mnist: async (data, seed) => {
    const images = readMnist(join(data, 'mnist_t10k'))
    // Digits are no mirror images of digits, and stand at all angles and in all sizes.
    const augmentation = { flip_horizontal: false, flip_vertical: false, rotate: 12, zoom: 0.1, brightness: 0 }
    const own = { epochs: 16, places: true, augmentation, seed }
    return classify({ data: 'MNIST-10k, index % 5 = 4', images, isTest: (row) => row % 5 === 4, method: 'classifier', own, reference: ['99.15 %', ''] }) // prettier-ignore
  },
  transfer: async (data) => {
    const images = await readFolder(join(data, 'xsdd'), 128)
    return classify({ data: 'X-SDD, contiguous', images, isTest: (row) => late(images, row), method: 'transfer', reference: ['94 %', '.88'] }) // prettier-ignore
  },
  few: async (data) => {
    const images = await readFolder(join(data, 'xsdd'), 128)
    const figures: Figure[] = []
    for (const count of [5, 10, 20]) {
      const taught = fewOf(images, count)
      figures.push(...(await classify({ data: `X-SDD, ${count} of each class, evenly spaced`, images, isTest: (row) => late(images, row), learns: (row) => taught.has(row), method: 'transfer', reference: [count === 10 ? '80 %' : '', ''] }))) // prettier-ignore
    }
    return figures
  },
  good: (data) => goodByDefault(data),
  patches: (data) => goodOnly(data, 'patches'),
  embedding: (data) => goodOnly(data, 'embedding'),
  segmentation: (data) => goodOnly(data, 'segmentation'),
}

/**
 * Image models on public data: accuracy on labelled images, detection from good images only. `data`: a folder with
 * `xsdd` and `mnist_t10k` in it. `part`: one of them; segmentation only by name, for it takes most of an hour.
 * `seed`: of the classifier. Seconds are those of the processor: other work on the machine does not count.
 */
export async function run(args: {
  readonly data?: string
  readonly part?: string
  readonly seed?: string
}): Promise<readonly Figure[]> {
  if (args.data === undefined || !existsSync(join(args.data, 'xsdd'))) {
    console.log('X-SDD and MNIST are not there: give the folder that holds xsdd and mnist_t10k with --data DIR.')
    return []
  }
  const figures: Figure[] = []
  for (const [name, part] of Object.entries(parts)) {
    if (args.part === undefined ? name === 'segmentation' : args.part !== name) continue
    const found = await part(args.data, Number(args.seed ?? 1))
    console.log(tableOf(found))
    figures.push(...found)
  }
  return figures
}

async function fit(method: Method, { set, labels, names }: LabelledImages, rows: readonly number[], own: object) {
  const settings = learnedImageConfig.parse({ type: 'learned', ...own })
  const lesson: Lesson = {
    images: selectImages(set, rows),
    labels: Uint16Array.from(rows, (row) => labels[row]),
    classes: names.length,
    settings,
  }
  const before = process.cpuUsage()
  const fitted = await methods[method](lesson)
  const { user, system } = process.cpuUsage(before)
  return { fitted, seconds: (user + system) / 1e6 }
}

async function ask({ onnx, input }: Fitted, set: ImageSet, output: string): Promise<Float32Array[]> {
  const session = await openSession(onnx, 'benchmark')
  const answers = await runImages(session, input, set, output)
  await session.close()
  return answers
}

async function classify({ data, images, isTest, learns, method, own = {}, reference }: Trial): Promise<Figure[]> {
  const all = [...images.labels.keys()]
  const test = all.filter(isTest)
  const learned = all.filter(learns ?? ((row) => !isTest(row)))
  const { fitted, seconds } = await fit(method, images, learned, own)
  const answers = await ask(fitted, selectImages(images.set, test), 'probabilities')
  const truth = test.map((row) => images.labels[row])
  const { accuracy, macro_f1 } = classScores(confusionMatrix(truth, answers, images.names.length))
  const ours = `${(accuracy * 100).toFixed(2)} %`
  const memory = process.resourceUsage().maxRSS * 1024
  return [
    { data, metric: `accuracy, ${method}`, ours, reference: reference[0], seconds, memory },
    { data, metric: `macro-F1, ${method}`, ours: macro_f1.toFixed(3).slice(1), reference: reference[1] },
  ]
}

/** So many images of each class that are not tested, evenly spaced. */
function fewOf(images: LabelledImages, count: number): Set<number> {
  const rows = [...images.labels.keys()].filter((row) => !late(images, row))
  return new Set(
    images.names.flatMap((_, label) => {
      const own = rows.filter((row) => images.labels[row] === label)
      return spreadRows(own.length, count).map((at) => own[at])
    }),
  )
}

/** The same as `goodOnly` with default settings, through the training of a station: methods, their choice, the threshold. */
async function goodByDefault(data: string): Promise<Figure[]> {
  const figures: Figure[] = []
  const areas: number[] = []
  const folders = classesOf(join(data, 'xsdd')).map((name) => readdirSync(join(data, 'xsdd', name)).sort().map((file) => ({ name: file, label: name, image: readFileSync(join(data, 'xsdd', name, file)) }))) // prettier-ignore
  const from = (count: number) => Math.floor(count * 0.7)
  for (const own of folders) {
    if (from(own.length) < 80) continue
    const settings = learnedImageConfig.parse({ type: 'learned' })
    const before = process.cpuUsage()
    const images = own.slice(0, from(own.length))
    const { bundle } = await trainStation({ station: 'bench', settings, images, colour: 'grey', bounds, created: 0 })
    const seconds = (process.cpuUsage(before).user + process.cpuUsage(before).system) / 1e6
    const inspector = await openInspector(bundle, bounds)
    const answers: ImageAnswer[][] = [[], []]
    for (const folder of folders) {
      for (const { label, image } of folder.slice(from(folder.length))) {
        const answer = await inspector.inspect(image)
        if ('label' in answer) answers[label === own[0].label ? 0 : 1].push(answer)
      }
    }
    await inspector.close()
    const [good, defects] = answers.map((each) => each.map(({ score }) => score))
    const share = (each: readonly ImageAnswer[]) => (each.filter(({ label }) => label === 'defect').length / each.length) * 100 // prettier-ignore
    areas.push(auroc(good, defects))
    const metric = `AUROC, ${bundle.manifest.type}; ${share(answers[0]).toFixed(1)} % of good rejected, ${share(answers[1]).toFixed(1)} % of the others found`
    console.log(`${own[0].label}: ${fixed(areas.at(-1)!)} ${metric}, ${seconds.toFixed(0)} s`)
    figures.push({ data: `X-SDD, good: ${own[0].label}`, metric, ours: fixed(areas.at(-1)!), reference: '', seconds })
  }
  const mean = areas.reduce((sum, area) => sum + area) / areas.length
  return [...figures, { data: 'X-SDD, good only', metric: 'mean AUROC, default settings', ours: fixed(mean), reference: '.96' }] // prettier-ignore
}

/** Each class of X-SDD with 80 images to learn from is good in turn, all the others are defects. */
async function goodOnly(data: string, method: Method): Promise<Figure[]> {
  const images = await readFolder(
    join(data, 'xsdd'),
    sizeOf(method, learnedImageConfig.parse({ type: 'learned' }), 128),
  )
  const all = [...images.labels.keys()]
  const test = all.filter((row) => late(images, row))
  const figures: Figure[] = []
  const areas: number[] = []
  for (const [label, name] of images.names.entries()) {
    const rows = all.filter((row) => images.labels[row] === label && !late(images, row))
    if (rows.length < 80) continue
    const { fitted, seconds } = await fit(method, images, rows, {})
    const scores = (await ask(fitted, selectImages(images.set, test), 'score')).map(([score]) => score)
    const of = (good: boolean) => scores.filter((_, i) => (images.labels[test[i]] === label) === good)
    areas.push(auroc(of(true), of(false)))
    console.log(`${name}: AUROC ${fixed(areas.at(-1)!)}, trained in ${seconds.toFixed(0)} s`)
    figures.push({ data: `X-SDD, good: ${name}`, metric: `AUROC, ${method}`, ours: fixed(areas.at(-1)!), reference: '', seconds }) // prettier-ignore
  }
  const mean = areas.reduce((sum, area) => sum + area) / areas.length
  return [
    ...figures,
    { data: 'X-SDD, good only', metric: `mean AUROC, ${method}`, ours: fixed(mean), reference: '.90' },
  ]
}

const fixed = (share: number) => share.toFixed(3).slice(1)

function readMnist(folder: string): LabelledImages {
  const read = (file: string) => gunzipSync(readFileSync(join(folder, file)))
  const pixels = new Uint8Array(read('t10k-images-idx3-ubyte.gz').subarray(16))
  const labels = Uint16Array.from(read('t10k-labels-idx1-ubyte.gz').subarray(8))
  const set = { count: labels.length, width: 28, height: 28, channels: 1, pixels } as const
  const names = Array.from({ length: 10 }, (_, digit) => String(digit))
  return { set, labels, names, place: [] }
}
