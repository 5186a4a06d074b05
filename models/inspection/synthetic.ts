import { imageLength, type ImageSet } from './images.ts'
import { between, piece, strength, type Canvas } from './synthetic-canvas.ts'
import { blur, colour, dented, illumination, missing, shape, texture } from './synthetic-forms.ts'
import type { Random } from '../random.ts'

/** An image with a made-up defect: pixels [height, width, channels], and 1 in the mask [height, width] where it is. */
export interface Damaged {
  readonly pixels: Uint8Array
  readonly mask: Uint8Array
}

/** A kind of defect, by name. */
export type DefectKind = keyof typeof localKinds | keyof typeof wholeKinds

/** In one place of the image. */
export const localKinds = { scratch, stain, transplant, worn, missing, dented, colour } as const
/** All over the image: what a defect of the material, the light, the lens or the shape of the part looks like. */
export const wholeKinds = { texture, illumination, blur, shape } as const
const kinds: Readonly<Record<string, (canvas: Canvas) => void>> = { ...localKinds, ...wholeKinds }

/** Kinds that can be made of images with so many channels. */
export function kindsFor(channels: number, all: object = kinds): DefectKind[] {
  return (Object.keys(all) as DefectKind[]).filter((kind) => kind !== 'colour' || channels === 3)
}

/**
 * A copy of the good image at `index` with one to three defects of random kind, place, size and strength, or with one of the
 * kind that is asked for. Sources: Zavrtanik et al. (2021), "DRAEM"; Li et al. (2021), "CutPaste".
 */
export function damaged(set: ImageSet, index: number, random: Random, kind?: DefectKind): Damaged {
  const size = imageLength(set)
  const pixels = set.pixels.slice(index * size, (index + 1) * size)
  const other = random.integer(set.count)
  const canvas: Canvas = {
    pixels,
    mask: new Uint8Array(set.width * set.height),
    width: set.width,
    height: set.height,
    channels: set.channels,
    random,
    other: set.pixels.subarray(other * size, (other + 1) * size),
    contrast: Math.max(12, 2 * deviation(pixels)),
  }
  if (kind) {
    kinds[kind](canvas)
    return canvas
  }
  const local = kindsFor(set.channels, localKinds)
  const count = 1 + random.integer(3)
  for (let i = 0; i < count; i++) kinds[local[random.integer(local.length)]](canvas)
  return canvas
}

function deviation(values: Uint8Array): number {
  let sum = 0
  let squares = 0
  for (const value of values) {
    sum += value
    squares += value * value
  }
  return Math.sqrt(Math.max(0, squares / values.length - (sum / values.length) ** 2))
}

/** Adds to the pixel at a place; fractions of `share` blend. */
function add(canvas: Canvas, x: number, y: number, change: number, share: number): void {
  if (x < 0 || y < 0 || x >= canvas.width || y >= canvas.height || share <= 0) return
  const place = y * canvas.width + x
  for (let c = 0; c < canvas.channels; c++) {
    const at = place * canvas.channels + c
    canvas.pixels[at] = Math.min(255, Math.max(0, Math.round(canvas.pixels[at] + change * share)))
  }
  if (share > 0.3) canvas.mask[place] = 1
}

/** A thin line that wanders. */
function scratch(canvas: Canvas): void {
  const { random, width, height } = canvas
  const length = between(random, 0.1, 0.6) * width
  const radius = between(random, 0.5, 0.015 * width)
  const change = strength(canvas)
  let x = random.uniform() * width
  let y = random.uniform() * height
  let angle = random.uniform() * 2 * Math.PI
  const touched = new Set<number>()
  for (let step = 0; step < length; step++) {
    angle += random.normal() * 0.08
    x += Math.cos(angle)
    y += Math.sin(angle)
    const reach = Math.ceil(radius)
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const [px, py] = [Math.round(x) + dx, Math.round(y) + dy]
        if (Math.hypot(px - x, py - y) > radius || touched.has(py * width + px)) continue
        touched.add(py * width + px)
        add(canvas, px, py, change, 1)
      }
    }
  }
}

/** A stain: an ellipse with a soft border. */
function stain(canvas: Canvas): void {
  const { random, width, height } = canvas
  const [cx, cy] = [random.uniform() * width, random.uniform() * height]
  const [a, b] = [between(random, 0.02, 0.15) * width, between(random, 0.02, 0.15) * height]
  const angle = random.uniform() * Math.PI
  const change = strength(canvas)
  const reach = Math.ceil(1.5 * Math.max(a, b))
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const along = (dx * Math.cos(angle) + dy * Math.sin(angle)) / a
      const across = (dy * Math.cos(angle) - dx * Math.sin(angle)) / b
      add(canvas, Math.round(cx + dx), Math.round(cy + dy), change, Math.min(1, 2.5 - 2 * Math.hypot(along, across)))
    }
  }
}

/** A piece of another place, of this image or another one, upright or mirrored, a little brighter or darker. */
function transplant(canvas: Canvas): void {
  const { random, width, channels } = canvas
  const to = piece(canvas)
  const left = random.integer(width - to.width + 1)
  const top = random.integer(canvas.height - to.height + 1)
  const from = random.uniform() < 0.5 ? canvas.pixels.slice() : canvas.other
  const mirrored = random.uniform() < 0.5
  const change = strength(canvas) * 0.5
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      const source = (top + y) * width + left + (mirrored ? to.width - 1 - x : x)
      const place = (to.top + y) * width + to.left + x
      for (let c = 0; c < channels; c++) canvas.pixels[place * channels + c] = from[source * channels + c]
      add(canvas, to.left + x, to.top + y, change, 1)
    }
  }
}

/** A piece whose contrast is weaker or stronger: worn smooth, or roughened. */
function worn(canvas: Canvas): void {
  const { random, width, channels, pixels, mask } = canvas
  const at = piece(canvas)
  const gain = random.uniform() < 0.5 ? between(random, 0, 0.5) : between(random, 1.8, 3)
  const roughness = gain > 1 ? canvas.contrast * 0.3 : 0
  let sum = 0
  for (let y = 0; y < at.height; y++) {
    for (let x = 0; x < at.width; x++) sum += pixels[((at.top + y) * width + at.left + x) * channels]
  }
  const mean = sum / (at.width * at.height)
  for (let y = 0; y < at.height; y++) {
    for (let x = 0; x < at.width; x++) {
      const place = (at.top + y) * width + at.left + x
      const noise = roughness * random.normal()
      for (let c = 0; c < channels; c++) {
        const value = mean + (pixels[place * channels + c] - mean) * gain + noise
        pixels[place * channels + c] = Math.min(255, Math.max(0, Math.round(value)))
      }
      mask[place] = 1
    }
  }
}
