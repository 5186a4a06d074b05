import type { Box } from './detector.ts'

/** What goes with a face, as a share of its size on each side. Less leaves the outline of a head, which looks like a face. */
const margin = 0.4

/**
 * Covers the places of faces in pixels [height, width, channels], in place, each with the one colour that is its mean: a
 * blurred face can be told by who knows it, and a black one stands out more in what a model learns from.
 */
export function coverFaces(
  pixels: Uint8Array,
  size: { readonly width: number; readonly height: number; readonly channels: number },
  faces: readonly Box[],
): void {
  const { width, channels } = size
  for (const face of faces) {
    const box = withMargin(face, size)
    const mean = meanColour(pixels, size, box)
    for (let y = box.top; y < box.top + box.height; y++) {
      for (let x = box.left; x < box.left + box.width; x++) pixels.set(mean, (y * width + x) * channels)
    }
  }
}

/** In whole pixels of the picture; without width or height where it is outside. */
function withMargin(
  { left, top, width, height }: Box,
  picture: { readonly width: number; readonly height: number },
): Box {
  const from = (start: number, length: number) => Math.max(0, Math.floor(start - margin * length))
  const to = (start: number, length: number, end: number) => Math.min(end, Math.ceil(start + (1 + margin) * length))
  const [x, y] = [from(left, width), from(top, height)]
  return { left: x, top: y, width: to(left, width, picture.width) - x, height: to(top, height, picture.height) - y }
}

function meanColour(pixels: Uint8Array, { width, channels }: Parameters<typeof coverFaces>[1], box: Box): Float64Array {
  const sum = new Float64Array(channels)
  for (let y = box.top; y < box.top + box.height; y++) {
    for (let x = 0, at = (y * width + box.left) * channels; x < box.width; x++) {
      for (let c = 0; c < channels; c++) sum[c] += pixels[at++]
    }
  }
  return sum.map((total) => total / (box.width * box.height))
}
