import sharp from 'sharp'
import { drawPart } from '../../connectors/plant/part-drawing.ts'
import { randomOf, type Defect } from '../../connectors/plant/parts.ts'
import { auroc } from '../../models/inspection/evaluation.ts'
import { openInspector, type AnomalyMap } from '../../models/inspection/inspector.ts'
import { learnedImageConfig } from '../../models/inspection/settings.ts'
import { trainStation } from '../../models/inspection/train.ts'
import { bounds } from './parts/images.ts'
import { tableOf, type Figure } from './parts/figures.ts'

const counts = { learned: 100, judged: 30 }
/** Difference of grey levels from which on a pixel belongs to a defect. */
const visible = 8
/** Share of good pixels up to which overlap is counted, as is usual. */
const mostWrong = 0.3

/** A picture with a defect and its mask: where it differs from the same part without it. */
interface Masked {
  readonly image: Buffer
  readonly mask: Uint8Array
  readonly map: AnomalyMap
  readonly score: number
}

/**
 * Where inspection sees defects, on the parts of the simulated plant: AUROC of images, AUROC of pixels, and the area under the
 * overlap with the defects up to 30 % of wrong pixels (Bergmann et al. 2020, PRO), with default settings. `seed`: of the parts.
 */
export async function run(args: { readonly seed?: string }): Promise<readonly Figure[]> {
  const seed = Number(args.seed ?? 11)
  let number = 0
  const draw = (defect: Defect | undefined, part: number) => sharp(Buffer.from(drawPart(defect, randomOf(seed, part)))) // prettier-ignore
  const images = []
  for (; number < counts.learned; number++) images.push({ name: `${number}`, label: 'good', image: await draw(undefined, number).png().toBuffer() }) // prettier-ignore
  const settings = learnedImageConfig.parse({ type: 'learned' })
  const { bundle } = await trainStation({ station: 'bench', settings, images, colour: 'grey', bounds, created: 0 })
  const inspector = await openInspector(bundle, bounds)
  const judge = async (defect: Defect | undefined): Promise<Masked> => {
    const part = number++
    const image = await draw(defect, part).png().toBuffer()
    const [own, sound] = await Promise.all([defect, undefined].map((kind) => draw(kind, part).greyscale().raw().toBuffer())) // prettier-ignore
    const mask = Uint8Array.from(own, (value, at) => (Math.abs(value - sound[at]) > visible ? 1 : 0))
    const answer = await inspector.inspect(image)
    if (!('label' in answer) || !answer.map) throw new Error('no map')
    return { image, mask, map: answer.map, score: answer.score }
  }
  const many = async (defect: Defect | undefined) => {
    const found: Masked[] = []
    for (let i = 0; i < counts.judged; i++) found.push(await judge(defect))
    return found
  }
  const good = (await many(undefined)).map(({ score }) => score)
  const figures: Figure[] = []
  for (const defect of ['scratch', 'stain', 'dent'] as const) {
    const found = await many(defect)
    const { pixels, overlap } = placesOf(found)
    const data = `simulated plant, ${defect}`
    const values = { 'AUROC of images': auroc(good, found.map(({ score }) => score)), 'AUROC of pixels': pixels, PRO: overlap } // prettier-ignore
    for (const [metric, value] of Object.entries(values)) figures.push({ data, metric: `${metric}, ${bundle.manifest.type}`, ours: value.toFixed(3), reference: '' }) // prettier-ignore
  }
  await inspector.close()
  console.log(tableOf(figures))
  return figures
}

/** From every fourth pixel of each row and column. */
function placesOf(found: readonly Masked[]): { readonly pixels: number; readonly overlap: number } {
  const inside: number[][] = []
  const outside: number[] = []
  for (const { mask, map } of found) {
    const size = Math.sqrt(mask.length)
    const own: number[] = []
    for (let y = 0; y < size; y += 4) {
      for (let x = 0; x < size; x += 4) {
        const value = valueAt(map, (x + 0.5) / size, (y + 0.5) / size)
        if (mask[y * size + x] === 1) own.push(value)
        else outside.push(value)
      }
    }
    if (own.length > 0) inside.push(own)
  }
  return { pixels: auroc(outside, inside.flat()), overlap: overlapOf(inside, outside) }
}

function overlapOf(inside: readonly (readonly number[])[], outside: readonly number[]): number {
  const sorted = Float64Array.from(outside).sort()
  const steps = 300
  let area = 0
  for (let step = 1; step <= steps; step++) {
    const threshold = sorted[Math.floor((1 - (mostWrong * step) / steps) * (sorted.length - 1))]
    const shares = inside.map((own) => own.filter((value) => value > threshold).length / own.length)
    area += shares.reduce((sum, share) => sum + share, 0) / shares.length / steps
  }
  return area
}

/** Between the places of a map, as contours are drawn. */
function valueAt({ values, width, height }: AnomalyMap, x: number, y: number): number {
  const [column, row] = [x * width - 0.5, y * height - 0.5].map((at, axis) => Math.min([width, height][axis] - 1, Math.max(0, at))) // prettier-ignore
  const [left, top] = [Math.floor(column), Math.floor(row)]
  const [right, bottom] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)]
  const along = (line: number) => (1 - (column % 1)) * values[line * width + left] + (column % 1) * values[line * width + right] // prettier-ignore
  return (1 - (row % 1)) * along(top) + (row % 1) * along(bottom)
}
