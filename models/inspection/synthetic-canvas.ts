import type { Random } from '../random.ts'

/** An image that defects are made in: pixels [height, width, channels], and 1 in the mask [height, width] where they are. */
export interface Canvas {
  readonly pixels: Uint8Array
  readonly mask: Uint8Array
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly random: Random
  /** Pixels of another good image. */
  readonly other: Uint8Array
  /** Difference of brightness that stands out in this image. */
  readonly contrast: number
}

/** A rectangle in pixels. */
export interface Piece {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** Brighter or darker, by 0.4 to 1.4 times what stands out. */
export function strength({ random, contrast }: Canvas): number {
  return (random.uniform() < 0.5 ? -1 : 1) * contrast * (0.4 + random.uniform())
}

/** Uniform between two numbers. */
export function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random.uniform()
}

/** Somewhere, 4 to 30 % of the image a side. */
export function piece({ random, width, height }: Canvas): Piece {
  const wide = Math.max(3, Math.round(between(random, 0.04, 0.3) * width))
  const high = Math.max(3, Math.round(between(random, 0.04, 0.3) * height))
  return { width: wide, height: high, left: random.integer(width - wide + 1), top: random.integer(height - high + 1) }
}
