import { isPart, loadSharp, openImage, type Region } from './decode.ts'
import { redrawn } from './stripped.ts'
import type { AnomalyMap } from './inspector.ts'

/** Pictures for people: pixels on their longer side, at most. */
const longest = 800
/** An anomaly map is smooth: it needs fewer. */
const longestMap = 400

/** Colour of places at the threshold, red, green, blue; and of those far beyond. */
const near = [255, 184, 28]
const beyond = [226, 24, 48]
/** Multiples of the threshold: from where on something is to be seen, and where the colour is at its strongest. */
const visible = 0.95
const strongest = 2
/** Alpha at its strongest: the part stays to be seen. */
const opaque = 200

/**
 * A JPEG for the screen: upright, at most 800 pixels a side, without what a camera writes into its files; black outside
 * `shown`, as what is stored.
 * Rejects where the image cannot be decoded.
 */
export async function previewOf(image: Uint8Array, shown?: Region): Promise<Uint8Array> {
  const upright = (await openImage(image)).autoOrient()
  return (isPart(shown) ? await redrawn(upright, shown, []) : upright)
    .flatten({ background: '#000' })
    .resize(longest, longest, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 85 })
    .toBuffer()
}

/**
 * An anomaly map as a PNG to lay over the preview of its image: of the same shape, clear where nothing is the matter and
 * outside the region, amber at the threshold, red beyond it. Rejects where the image cannot be decoded.
 */
export async function mapPicture(
  map: AnomalyMap,
  threshold: number,
  image: Uint8Array,
  region: Region = { left: 0, top: 0, width: 1, height: 1 },
): Promise<Uint8Array> {
  const sharp = await loadSharp()
  const { autoOrient } = await (await openImage(image)).metadata()
  const scale = Math.min(1, longestMap / Math.max(autoOrient.width, autoOrient.height))
  const [width, height] = [autoOrient.width, autoOrient.height].map((size) => Math.max(1, Math.round(size * scale)))
  const left = Math.min(width - 1, Math.round(region.left * width))
  const top = Math.min(height - 1, Math.round(region.top * height))
  const inner = { width: Math.max(1, Math.min(width - left, Math.round(region.width * width))), height: Math.max(1, Math.min(height - top, Math.round(region.height * height))) } // prettier-ignore
  return sharp(coloursOf(map, threshold), { raw: { width: map.width, height: map.height, channels: 4 } })
    .resize(inner.width, inner.height, { fit: 'fill', kernel: 'cubic' })
    .extend({
      left,
      top,
      right: width - left - inner.width,
      bottom: height - top - inner.height,
      background: { r: 0, g: 0, b: 0, alpha: 0 },
    }) // prettier-ignore
    .png({ compressionLevel: 6 })
    .toBuffer()
}

/** Red, green, blue and alpha of each place. */
function coloursOf({ values }: AnomalyMap, threshold: number): Uint8Array {
  const pixels = new Uint8Array(values.length * 4)
  for (let i = 0; i < values.length; i++) {
    const share = threshold > 0 ? values[i] / threshold : 0
    const strength = Math.max(0, Math.min(1, (share - visible) / (strongest - visible)))
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = Math.round(near[c] + (beyond[c] - near[c]) * Math.sqrt(strength))
    pixels[4 * i + 3] = Math.round(opaque * Math.sqrt(strength))
  }
  return pixels
}
