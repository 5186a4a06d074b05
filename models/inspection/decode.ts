import type { Metadata, Sharp, SharpOptions } from 'sharp'
import { z } from 'zod'
import { byteSize, describeError } from '../../agent/core/index.ts'

const share = z.number().min(0).max(1)

/** The part of an image that matters, in shares of its size after the camera's rotation. */
export const region = z
  .strictObject({
    left: share.default(0).describe('Left border, 0 to 1.'),
    top: share.default(0).describe('Upper border, 0 to 1.'),
    width: share.gt(0).default(1).describe('Width, as a share of the image.'),
    height: share.gt(0).default(1).describe('Height, as a share of the image.'),
  })
  .refine(({ left, width }) => left + width <= 1, { error: 'left + width is more than the image' })
  .refine(({ top, height }) => top + height <= 1, { error: 'top + height is more than the image' })

export type Region = z.output<typeof region>

/** What an image may cost; checked before anything is decoded. */
export const imageBounds = z.strictObject({
  bytes: byteSize.prefault('20MB').describe('Largest file.'),
  pixels: z.int().min(1).default(40_000_000).describe('Most pixels, width times height.'),
})

export type ImageBounds = z.output<typeof imageBounds>

/** What an image has to become. */
export interface Preparation {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly region?: Region
}

/** Why an image cannot be used, in the words of dead letters. */
export interface ImageProblem {
  readonly reason: 'empty' | 'oversized' | 'malformed' | 'quarantined' | 'time'
  readonly detail: string
}

/** Pixels [height, width, channels], 0 to 255. */
export interface DecodedImage {
  readonly pixels: Uint8Array
}

const formats = ['jpeg', 'png', 'webp'] as const

/** JPEG, PNG or WebP, by the first bytes; the decoder never sees anything else. */
export function imageFormat(bytes: Uint8Array): (typeof formats)[number] | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 12))
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  return text.startsWith('RIFF') && text.endsWith('WEBP') ? 'webp' : undefined
}

type Sharpen = (input: Uint8Array, options: SharpOptions) => Sharp

/** Most pixels of a picture whose station has said nothing else. */
const mostPixels = 268_000_000

/**
 * An image from outside, to be worked on. Rejects, before a decoder sees a byte, what is of no format on the list: a picture
 * that describes itself (SVG, PDF) can make of a hundred bytes whatever size it likes.
 */
export async function openImage(bytes: Uint8Array, options: SharpOptions = {}): Promise<Sharp> {
  if (!imageFormat(bytes)) throw new Error(`the image is not one of ${formats.join(', ')}`)
  const sharp = await loadSharp()
  return sharp(bytes, { limitInputPixels: mostPixels, ...options })
}

/** Loaded at the first image: it costs 20 MB that most agents do not need. One thread an image, no cache of operations. */
let loading: Promise<Sharpen> | undefined
export const loadSharp = () =>
  (loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false)
    sharp.concurrency(1)
    return sharp
  }))

/**
 * Decodes a JPEG, PNG or WebP of any colour space and depth: turned as its EXIF data say, cut to the region, stretched
 * to the size, transparent parts black, 8 bits; grey is the luma of Rec. 601. Bytes and pixels are bounded before
 * decoding. A damaged, cut-off or foreign file is a problem, never an exception.
 */
export async function decodeImage(
  bytes: Uint8Array,
  wanted: Preparation,
  bounds: ImageBounds,
): Promise<DecodedImage | ImageProblem> {
  const problem = outsideProblem(bytes, bounds)
  if (problem) return problem
  try {
    const options = { failOn: 'truncated', limitInputPixels: bounds.pixels, sequentialRead: true } as const
    const header = await (await openImage(bytes, options)).metadata()
    const { width, height } = wanted
    const pipeline = cut((await openImage(bytes, options)).autoOrient(), header, wanted.region)
    const rgb = await pipeline
      .flatten({ background: '#000' })
      .resize(width, height, { fit: 'fill' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer()
    return { pixels: wanted.channels === 3 ? rgb : luma(rgb, width * height) }
  } catch (error) {
    if (/exceeds pixel limit/.test(oneLine(error))) return oversized('too many pixels', bounds.pixels, 'pixels')
    return { reason: 'malformed', detail: `the image cannot be decoded: ${oneLine(error)}` }
  }
}

/** Pixels of an image, or of its region; undefined where it cannot be read. Decodes nothing but the header. */
export async function imageSize(bytes: Uint8Array, bounds: ImageBounds, wanted?: Region) {
  if (outsideProblem(bytes, bounds)) return undefined
  try {
    const { autoOrient: whole } = await (await openImage(bytes)).metadata()
    return isPart(wanted) ? inPixels(wanted, whole.width, whole.height) : whole
  } catch {
    return undefined
  }
}

/** What is wrong with an image by its bytes alone, before anything is decoded. */
export function outsideProblem(bytes: Uint8Array, bounds: ImageBounds): ImageProblem | undefined {
  if (bytes.length === 0) return { reason: 'empty', detail: 'the image has no bytes' }
  if (bytes.length > bounds.bytes) return oversized(`${bytes.length} bytes`, bounds.bytes, 'bytes')
  if (!imageFormat(bytes)) return { reason: 'malformed', detail: `the image is not one of ${formats.join(', ')}` }
  return undefined
}

function oversized(size: string, bound: number, unit: string): ImageProblem {
  return { reason: 'oversized', detail: `the image has ${size}: at most ${bound} ${unit} are allowed` }
}

function cut(pipeline: Sharp, header: Metadata, wanted: Region | undefined): Sharp {
  if (!isPart(wanted)) return pipeline
  const { width, height } = header.autoOrient
  return pipeline.extract(inPixels(wanted, width, height))
}

/** Whether it is less than the whole picture. */
export function isPart(wanted: Region | undefined): wanted is Region {
  return wanted !== undefined && (wanted.width < 1 || wanted.height < 1)
}

/** The region in whole pixels, at least one. */
export function inPixels(wanted: Region, width: number, height: number) {
  const left = Math.min(width - 1, Math.round(wanted.left * width))
  const top = Math.min(height - 1, Math.round(wanted.top * height))
  return {
    left,
    top,
    width: Math.max(1, Math.min(width - left, Math.round(wanted.width * width))),
    height: Math.max(1, Math.min(height - top, Math.round(wanted.height * height))),
  }
}

/** Luma of Rec. 601 in integers, rounded. */
function luma(rgb: Uint8Array, count: number): Uint8Array {
  const grey = new Uint8Array(count)
  const channels = rgb.length / count
  for (let i = 0, from = 0; i < count; i++, from += channels) {
    grey[i] = (19595 * rgb[from] + 38470 * rgb[from + 1] + 7471 * rgb[from + 2] + 32768) >> 16
  }
  return grey
}

function oneLine(error: unknown): string {
  return describeError(error).split('\n')[0].trim()
}

/** A PNG of pixels [height, width, channels]: nothing but the picture, so without what a camera writes into its files. */
export async function encodePng(
  pixels: Uint8Array,
  { width, height, channels }: Pick<Preparation, 'width' | 'height' | 'channels'>,
): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  return sharp(pixels, { raw: { width, height, channels } }).png({ compressionLevel: 9 }).toBuffer()
}
