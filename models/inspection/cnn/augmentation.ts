import { z } from 'zod'
import { imageLength, type ImageSet } from '../images.ts'
import type { Random } from '../../random.ts'

/** How training images are varied, so that a network learns what does not matter. */
export const augmentation = z.strictObject({
  flip_horizontal: z.boolean().default(true).describe('Mirror left and right. Off where the parts have a handedness.'),
  flip_vertical: z.boolean().default(true).describe('Mirror top and bottom.'),
  shift: z.number().min(0).max(0.5).default(0.1).describe('Furthest shift, as a share of the size.'),
  brightness: z.number().min(0).max(0.5).default(0.1).describe('Largest change of brightness, as a share of white.'),
  contrast: z.number().min(0).max(0.9).default(0.2).describe('Largest change of contrast, as a share.'),
})

export type Augmentation = z.output<typeof augmentation>

/** Pixels as networks are fed: share of white, less the mean, over the standard deviation, per channel. */
export interface Scaling {
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** The images at `rows`, scaled; each varied at random where there is an augmentation. [rows, height, width, channels] */
export function networkInput(
  set: ImageSet,
  rows: ArrayLike<number>,
  scaling: Scaling,
  varied?: { readonly by: Augmentation; readonly random: Random },
): Float32Array {
  const size = imageLength(set)
  const values = new Float32Array(rows.length * size)
  for (let i = 0; i < rows.length; i++) {
    const from = set.pixels.subarray(rows[i] * size, (rows[i] + 1) * size)
    const to = values.subarray(i * size, (i + 1) * size)
    if (varied) fillVaried(from, to, set, scaling, varied.by, varied.random)
    else fill(from, to, set.channels, scaling)
  }
  return values
}

function fill(from: Uint8Array, to: Float32Array, channels: number, { mean, std }: Scaling): void {
  for (let at = 0; at < to.length;) {
    for (let c = 0; c < channels; c++, at++) to[at] = (from[at] / 255 - mean[c]) / std[c]
  }
}

function fillVaried(
  from: Uint8Array,
  to: Float32Array,
  { width, height, channels }: ImageSet,
  { mean, std }: Scaling,
  by: Augmentation,
  random: Random,
): void {
  const flipX = random.uniform() < 0.5 && by.flip_horizontal
  const flipY = random.uniform() < 0.5 && by.flip_vertical
  const shiftX = Math.round((random.uniform() * 2 - 1) * by.shift * width)
  const shiftY = Math.round((random.uniform() * 2 - 1) * by.shift * height)
  const contrast = 1 + (random.uniform() * 2 - 1) * by.contrast
  const brightness = (random.uniform() * 2 - 1) * by.brightness
  for (let y = 0, at = 0; y < height; y++) {
    const row = within(flipY ? height - 1 - y + shiftY : y + shiftY, height)
    for (let x = 0; x < width; x++) {
      const column = within(flipX ? width - 1 - x + shiftX : x + shiftX, width)
      const pixel = (row * width + column) * channels
      for (let c = 0; c < channels; c++, at++) {
        to[at] = ((from[pixel + c] / 255 - mean[c]) * contrast + brightness) / std[c]
      }
    }
  }
}

/** Reflected at the borders. */
function within(position: number, size: number): number {
  const reflected = position < 0 ? -1 - position : position >= size ? 2 * size - 1 - position : position
  return Math.min(size - 1, Math.max(0, reflected))
}
