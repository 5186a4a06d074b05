/** Decoded images of one size: pixels [count, height, width, channels], 0 to 255; one channel is grey, three are red, green, blue. */
export interface ImageSet {
  readonly count: number
  readonly height: number
  readonly width: number
  readonly channels: 1 | 3
  readonly pixels: Uint8Array
}

/** Bytes of one image of the set. */
export function imageLength({ height, width, channels }: Omit<ImageSet, 'pixels' | 'count'>): number {
  return height * width * channels
}

/** The images at `rows`, copied. */
export function selectImages(set: ImageSet, rows: ArrayLike<number>): ImageSet {
  const size = imageLength(set)
  const pixels = new Uint8Array(rows.length * size)
  for (let i = 0; i < rows.length; i++) pixels.set(set.pixels.subarray(rows[i] * size, (rows[i] + 1) * size), i * size)
  return { ...set, count: rows.length, pixels }
}

/** At most `most` rows of `count`, evenly spaced. */
export function spreadRows(count: number, most: number): number[] {
  const picked = Math.min(count, most)
  return Array.from({ length: picked }, (_, i) => Math.floor((i * (count - 1)) / Math.max(1, picked - 1)))
}

/** Mean and standard deviation of all pixels per channel, as shares of 255: what networks are fed by. */
export function pixelStatistics({ pixels, channels }: ImageSet): { mean: number[]; std: number[] } {
  const sum = new Float64Array(channels)
  const squares = new Float64Array(channels)
  for (let at = 0; at < pixels.length;) {
    for (let c = 0; c < channels; c++, at++) {
      sum[c] += pixels[at]
      squares[c] += pixels[at] * pixels[at]
    }
  }
  const count = Math.max(1, pixels.length / channels)
  const mean = Array.from(sum, (value) => value / count / 255)
  const std = Array.from(squares, (value, c) => Math.sqrt(Math.max(1e-6, value / count / 255 ** 2 - mean[c] ** 2)))
  return { mean, std }
}
