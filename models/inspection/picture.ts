import { isPart, loadSharp, openImage, type Region } from './decode.ts'
import { redrawn } from './stripped.ts'
import type { AnomalyMap } from './inspector.ts'

/** Pictures for people: pixels on their longer side, at most. */
const longest = 800
/** Of anomaly maps: lines have to be thin beside the part. */
const longestMap = 600

/** A contour: from which multiple of the threshold on, its colour, and how much of it lies over what is inside. */
const contours = [
  { share: 1, colour: [255, 184, 28], inside: 24 },
  { share: 1.5, colour: [240, 110, 30], inside: 24 },
  { share: 2, colour: [226, 24, 48], inside: 24 },
] as const
/** Pixels to either side of a line, of a picture of the full size. */
const lineWidth = 2

/**
 * A JPEG for the screen: upright, at most `side` pixels a side, without what a camera writes into its files; black outside
 * `shown`, as what is stored.
 * Rejects where the image cannot be decoded.
 */
export async function previewOf(image: Uint8Array, shown?: Region, side = longest): Promise<Uint8Array> {
  const upright = (await openImage(image)).autoOrient()
  return (isPart(shown) ? await redrawn(upright, shown, []) : upright)
    .flatten({ background: '#000' })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 85 })
    .toBuffer()
}

/**
 * An anomaly map as a PNG to lay over the preview of its image: of the same shape, clear where nothing is the matter and
 * outside the region; contours at the threshold (amber), half as much again (orange) and twice as much (red), with a touch of
 * their colour inside. Rejects where the image cannot be decoded.
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
  return sharp(contoursOf(map, threshold, inner), { raw: { ...inner, channels: 4 } })
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

/** Red, green, blue and alpha of each pixel. */
function contoursOf(
  map: AnomalyMap,
  threshold: number,
  { width, height }: { width: number; height: number },
): Uint8Array {
  const levels = levelsOf(map, threshold, width, height)
  const pixels = new Uint8Array(4 * width * height)
  const reach = Math.max(1, Math.round((lineWidth * Math.max(width, height)) / longestMap))
  for (let place = 0; place < levels.length; place++) {
    const level = levels[place]
    if (level === 0) continue
    const [x, y] = [place % width, Math.floor(place / width)]
    const { colour, inside } = contours[level - 1]
    const onLine = [-reach, reach].some((by) => lower(x + by, y, level) || lower(x, y + by, level))
    for (let c = 0; c < 3; c++) pixels[4 * place + c] = colour[c]
    pixels[4 * place + 3] = onLine ? 255 : inside
  }
  return pixels

  function lower(x: number, y: number, level: number): boolean {
    return x < 0 || y < 0 || x >= width || y >= height || levels[y * width + x] < level
  }
}

/** Of each pixel, how many contours it is within; between places the values go over in a straight line. */
function levelsOf(
  { values, width: columns, height: rows }: AnomalyMap,
  threshold: number,
  width: number,
  height: number,
) {
  const levels = new Uint8Array(width * height)
  if (!(threshold > 0)) return levels
  const at = (position: number, size: number, count: number) => Math.min(count - 1, Math.max(0, ((position + 0.5) * count) / size - 0.5)) // prettier-ignore
  for (let y = 0; y < height; y++) {
    const row = at(y, height, rows)
    const [top, v] = [Math.floor(row), row % 1]
    const bottom = Math.min(rows - 1, top + 1)
    for (let x = 0; x < width; x++) {
      const column = at(x, width, columns)
      const [left, u] = [Math.floor(column), column % 1]
      const right = Math.min(columns - 1, left + 1)
      const upper = (1 - u) * values[top * columns + left] + u * values[top * columns + right]
      const lower = (1 - u) * values[bottom * columns + left] + u * values[bottom * columns + right]
      const share = ((1 - v) * upper + v * lower) / threshold
      let level = 0
      while (level < contours.length && share > contours[level].share) level++
      levels[y * width + x] = level
    }
  }
  return levels
}
