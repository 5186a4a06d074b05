import assert from 'node:assert/strict'
import sharp from 'sharp'
import { decodeImage, type DecodedImage, type ImageProblem } from '../../../models/inspection/decode.ts'
import { strippedImage } from '../../../models/inspection/stripped.ts'
import { bomb, bounds } from './pictures.ts'

const half = { width: 32, height: 32, channels: 1 } as const

const red = (format: 'jpeg' | 'png' | 'webp') =>
  sharp({ create: { width: 60, height: 40, channels: 3, background: { r: 200, g: 10, b: 10 } } })
    .toFormat(format)
    .toBuffer()

function pixels(result: DecodedImage | ImageProblem): Uint8Array {
  assert.ok('pixels' in result, `not decoded: ${JSON.stringify(result)}`)
  return result.pixels
}

describe('images from bytes', () => {
  for (const format of ['jpeg', 'png', 'webp'] as const) {
    it(`decodes ${format} to grey of the wanted size`, async () => {
      const grey = pixels(await decodeImage(await red(format), half, bounds))
      assert.equal(grey.length, 32 * 32)
      assert.ok(Math.abs(grey[0] - (0.299 * 200 + 0.701 * 10)) < 3, String(grey[0]))
    })
  }

  const broken: readonly [string, () => Promise<Uint8Array> | Uint8Array, ImageProblem['reason'], RegExp][] = [
    ['a cut-off JPEG', async () => (await red('jpeg')).subarray(0, -120), 'malformed', /premature end/i],
    ['a text file named .jpg', () => Buffer.from('this is no picture'), 'malformed', /not one of jpeg, png, webp/],
    ['zero bytes', () => new Uint8Array(0), 'empty', /no bytes/],
    ['a PNG bomb of 30,000 x 30,000', () => bomb(30_000, 30_000), 'oversized', /too many pixels/],
    ['50 MB', () => Buffer.alloc(50e6, 0xff), 'oversized', /50000000 bytes/],
  ]
  for (const [what, make, reason, words] of broken) {
    it(`refuses ${what} with its reason`, async () => {
      const result = await decodeImage(await make(), half, bounds)
      assert.ok('reason' in result)
      assert.equal(result.reason, reason)
      assert.match(result.detail, words)
    })
  }

  it('decodes CMYK as the colours it stands for', async () => {
    const cmyk = await sharp(await red('png'))
      .toColourspace('cmyk')
      .jpeg({ quality: 100 })
      .toBuffer()
    assert.equal((await sharp(cmyk).metadata()).space, 'cmyk')
    const rgb = pixels(await decodeImage(cmyk, { ...half, channels: 3 }, bounds))
    assert.equal(rgb.length, 32 * 32 * 3)
    assert.ok(rgb[0] > 150 && rgb[1] < 90 && rgb[2] < 90, rgb.subarray(0, 3).join(' '))
  })

  it('decodes 16 bits to the upper 8', async () => {
    const deep = await sharp(new Uint16Array(40 * 40).fill(0x9c40), { raw: { width: 40, height: 40, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer()
    assert.equal((await sharp(deep).metadata()).depth, 'ushort')
    assert.equal(pixels(await decodeImage(deep, half, bounds))[7], 0x9c)
  })

  it('takes transparent parts as black', async () => {
    const clear = await sharp({ create: { width: 9, height: 9, channels: 4, background: { r: 255, g: 255, b: 255, alpha: 0 } } }).png().toBuffer() // prettier-ignore
    assert.equal(Math.max(...pixels(await decodeImage(clear, half, bounds))), 0)
  })

  it('turns the picture as EXIF says before it cuts the region', async () => {
    const left = Buffer.alloc(40 * 20)
    for (let at = 0; at < left.length; at++) left[at] = at % 40 < 20 ? 250 : 5
    const turned = await sharp(left, { raw: { width: 40, height: 20, channels: 1 } })
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toBuffer()
    const top = pixels(
      await decodeImage(turned, { ...half, region: { left: 0, top: 0, width: 1, height: 0.4 } }, bounds),
    )
    const bottom = pixels(await decodeImage(turned, { ...half, region: { left: 0, top: 0.6, width: 1, height: 0.4 } }, bounds)) // prettier-ignore
    assert.ok(Math.min(...top) > 200)
    assert.ok(Math.max(...bottom) < 50)
  })

  it('keeps images without what the camera wrote into them', async () => {
    const named = await sharp(await red('jpeg'))
      .withExif({ IFD0: { Artist: 'someone' } })
      .jpeg()
      .toBuffer()
    assert.ok((await sharp(named).metadata()).exif)
    const { bytes, format } = await strippedImage(named)
    assert.equal(format, 'jpg')
    assert.equal((await sharp(bytes).metadata()).exif, undefined)
  })

  it('keeps images black outside the region, in their size and turned upright', async () => {
    const turned = await sharp(await red('jpeg'))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    const { width: high, height: wide } = await sharp(turned).metadata()
    for (const image of [turned, await red('png')]) {
      const { bytes } = await strippedImage(image, { left: 0.5, top: 0, width: 0.5, height: 0.5 })
      const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true })
      if (image === turned) assert.deepEqual([info.width, info.height], [wide, high])
      const redAt = (x: number, y: number) => data[(Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels] // prettier-ignore
      assert.ok(redAt(0.8, 0.2) > 180)
      for (const [x, y] of [[0.2, 0.2], [0.2, 0.8], [0.8, 0.8]] as const) assert.ok(redAt(x, y) < 20) // prettier-ignore
    }
  })
})
