import { z } from 'zod'
import { imageLength, type ImageSet } from '../images.ts'
import type { Random } from '../../random.ts'

/** How training images are varied, so that a network learns what does not matter. */
export const augmentation = z.strictObject({
  flip_horizontal: z.boolean().default(true).describe('Mirror left and right. Off where the parts have a handedness.'),
  flip_vertical: z.boolean().default(true).describe('Mirror top and bottom.'),
  rotate: z.number().min(0).max(180).default(0).describe('Largest rotation either way, in degrees.'),
  zoom: z.number().min(0).max(0.5).default(0).describe('Largest change of size either way, as a share.'),
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
  const look = by.rotate > 0 || by.zoom > 0 ? turned(from, { width, height, channels }, by, random) : from
  for (let y = 0, at = 0; y < height; y++) {
    const row = within(flipY ? height - 1 - y + shiftY : y + shiftY, height)
    for (let x = 0; x < width; x++) {
      const column = within(flipX ? width - 1 - x + shiftX : x + shiftX, width)
      const pixel = (row * width + column) * channels
      for (let c = 0; c < channels; c++, at++) {
        to[at] = ((look[pixel + c] / 255 - mean[c]) * contrast + brightness) / std[c]
      }
    }
  }
}

/** The image rotated and zoomed about its middle by chance, interpolated between the four pixels around each place. */
function turned(
  from: Uint8Array,
  { width, height, channels }: Pick<ImageSet, 'width' | 'height' | 'channels'>,
  by: Augmentation,
  random: Random,
): Float32Array {
  const angle = ((random.uniform() * 2 - 1) * by.rotate * Math.PI) / 180
  const scale = 1 + (random.uniform() * 2 - 1) * by.zoom
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale]
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2]
  const to = new Float32Array(from.length)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [x - middleX, y - middleY]
      const [column, row] = [middleX + cos * dx - sin * dy, middleY + sin * dx + cos * dy]
      const [left, top] = [Math.floor(column), Math.floor(row)]
      const [right, down] = [column - left, row - top]
      const [above, below] = [within(top, height) * width, within(top + 1, height) * width]
      const [before, after] = [within(left, width), within(left + 1, width)]
      for (let c = 0; c < channels; c++, at++) {
        const upper = from[(above + before) * channels + c] * (1 - right) + from[(above + after) * channels + c] * right
        const lower = from[(below + before) * channels + c] * (1 - right) + from[(below + after) * channels + c] * right
        to[at] = upper * (1 - down) + lower * down
      }
    }
  }
  return to
}

/** Reflected at the borders. */
function within(position: number, size: number): number {
  const reflected = position < 0 ? -1 - position : position >= size ? 2 * size - 1 - position : position
  return Math.min(size - 1, Math.max(0, reflected))
}
