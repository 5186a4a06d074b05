import { inPixels, loadSharp, openImage, type Region } from '../decode.ts'
import type { Box, Face, FaceDetector } from './detector.ts'

/**
 * How a picture is looked at: turned by so many degrees, its longer side at most so many pixels. The network knows upright
 * faces, but a camera may hang any way round. What is turned is looked at in half the size, at a quarter of the cost.
 */
const views = [
  { degrees: 0, longest: 960 },
  { degrees: 90, longest: 480 },
  { degrees: 180, longest: 480 },
  { degrees: 270, longest: 480 },
] as const

/** Pixels [height, width, channels]. */
interface Picture {
  readonly data: Uint8Array
  readonly info: { readonly width: number; readonly height: number; readonly channels: 1 | 2 | 3 | 4 }
}

/**
 * The faces in an image, in pixels of the picture as it stands upright, the surest first. `shown`: where they are looked for,
 * and around it, because a face may reach over its border. Rejects where the image cannot be decoded.
 */
export async function findFaces(bytes: Uint8Array, detector: FaceDetector, shown?: Region): Promise<Face[]> {
  const { width, height } = (await (await openImage(bytes)).metadata()).autoOrient
  const place = inPixels(around(shown), width, height)
  const picture = await (
    await openImage(bytes)
  )
    .autoOrient()
    .extract(place)
    .resize(inside(views[0].longest))
    .flatten({ background: '#000' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const found: Sight[] = []
  for (const { degrees, longest } of views) {
    const { data, info } = degrees === 0 ? picture : await turned(picture, degrees, longest)
    for (const face of await detector.find(data, info.width, info.height)) {
      found.push({
        face: { ...inPicture(turnedBack(inShares(face, info), degrees), place), score: face.score },
        degrees,
      })
    }
  }
  return surest(found)
}

/** A face, and how the picture was turned when it was seen. */
interface Sight {
  readonly face: Face
  readonly degrees: number
}

/** Seen again in a turned picture, a face is less sure and its box too large. */
function surest(found: Sight[]): Face[] {
  const kept: Sight[] = []
  for (const sight of found.sort((a, b) => b.face.score - a.face.score)) {
    const again = kept.some(({ face, degrees }) => degrees !== sight.degrees && hasCentre(sight.face, face))
    if (!again) kept.push(sight)
  }
  return kept.map(({ face }) => face)
}

/** Whether the centre of a face is in a box. */
function hasCentre({ left, top, width, height }: Box, face: Face): boolean {
  const [x, y] = [face.left + face.width / 2 - left, face.top + face.height / 2 - top]
  return x >= 0 && x < width && y >= 0 && y < height
}

/** The region and half its size more on each side, as far as the picture goes. */
function around({ left, top, width, height }: Region = { left: 0, top: 0, width: 1, height: 1 }): Region {
  const [x, y] = [Math.max(0, left - width / 2), Math.max(0, top - height / 2)]
  return { left: x, top: y, width: Math.min(1, left + 1.5 * width) - x, height: Math.min(1, top + 1.5 * height) - y }
}

function inside(longest: number) {
  return { width: longest, height: longest, fit: 'inside', withoutEnlargement: true } as const
}

/** Clockwise. */
async function turned({ data, info }: Picture, degrees: number, longest: number): Promise<Picture> {
  const sharp = await loadSharp()
  const { width, height, channels } = info
  const picture = sharp(data, { raw: { width, height, channels } }).rotate(degrees).resize(inside(longest))
  return picture.raw().toBuffer({ resolveWithObject: true })
}

function inShares({ left, top, width, height }: Box, of: Picture['info']): Box {
  return { left: left / of.width, top: top / of.height, width: width / of.width, height: height / of.height }
}

/** Where a box of a turned picture is in the upright one, in shares of their sizes. */
function turnedBack(box: Box, degrees: (typeof views)[number]['degrees']): Box {
  const { left, top, width, height } = box
  const [fromRight, fromBottom] = [1 - left - width, 1 - top - height]
  if (degrees === 90) return { left: top, top: fromRight, width: height, height: width }
  if (degrees === 180) return { left: fromRight, top: fromBottom, width, height }
  if (degrees === 270) return { left: fromBottom, top: left, width: height, height: width }
  return box
}

function inPicture({ left, top, width, height }: Box, place: Box): Box {
  return {
    left: place.left + left * place.width,
    top: place.top + top * place.height,
    width: width * place.width,
    height: height * place.height,
  }
}
