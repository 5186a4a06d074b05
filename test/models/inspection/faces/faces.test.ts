import assert from 'node:assert/strict'
import sharp, { type Sharp } from 'sharp'
import { coverFaces } from '../../../../models/inspection/faces/cover.ts'
import { openFaceDetector, type FaceDetector } from '../../../../models/inspection/faces/detector.ts'
import { findFaces } from '../../../../models/inspection/faces/find.ts'
import { faceGraph } from '../../../../models/inspection/faces/network.ts'
import { strippedImage } from '../../../../models/inspection/stripped.ts'
import { difference, part, portrait, portraitFace, somebody, within } from './parts.ts'

describe('faces in images that are stored', () => {
  let detector: FaceDetector
  before(async () => (detector = await openFaceDetector()))
  after(() => detector.close())

  it('are found where they are', async () => {
    const [face, ...others] = await findFaces(await portrait(), detector)
    assert.deepEqual(others, [])
    assert.ok(face.score > 0.9, String(face.score))
    for (const side of ['left', 'top', 'width', 'height'] as const) assert.ok(Math.abs(face[side] - portraitFace[side]) < 6, `${side} ${face[side]}`) // prettier-ignore
  })

  const changes: [string, (image: Sharp) => Sharp][] = [
    ['as it is', (image) => image],
    ['turned to the right', (image) => image.rotate(90)],
    ['upside down', (image) => image.rotate(180)],
    ['turned to the left', (image) => image.rotate(270)],
    ['in grey', (image) => image.greyscale()],
    ['with little contrast', (image) => image.linear(0.3, 90)],
    ['in the dark', (image) => image.linear(0.25, 0)],
    ['out of focus', (image) => image.blur(2)],
    ['in 16 bits', (image) => image.toColourspace('rgb16').png()],
    ['through a transparent edge', (image) => image.ensureAlpha(0.9)],
  ]
  for (const [what, change] of changes) {
    it(`are covered in a picture ${what}, and the rest stays as it is`, async () => {
      const image = await change(sharp(await somebody(160))).toBuffer()
      const [found] = await findFaces(image, detector)
      assert.ok(found, 'it is there to be found')
      const { bytes } = await strippedImage(image, undefined, detector)
      assert.deepEqual(await findFaces(bytes, detector), [])
      assert.ok((await difference(bytes, image, within(found))) > 3)
      const beyond = 0.75 * Math.max(found.width, found.height)
      assert.equal(await difference(bytes, image, (x, y) => !within(found, beyond)(x, y)), 0)
    })
  }

  it('are covered in a JPEG that is turned by its EXIF data', async () => {
    const lying = await sharp(await somebody(200)).rotate(270).jpeg().withMetadata({ orientation: 6 }).toBuffer() // prettier-ignore
    const { bytes, format } = await strippedImage(lying, undefined, detector)
    assert.equal(format, 'jpg')
    assert.deepEqual(await findFaces(bytes, detector), [])
    const plain = await strippedImage(lying)
    const face = { left: 300 + 0.31 * 200, top: 40 + 0.2 * 200, width: 56, height: 70 }
    assert.ok((await difference(bytes, plain.bytes, within(face))) > 10)
    assert.ok((await difference(bytes, plain.bytes, (x, y) => !within(face, 50)(x, y))) < 0.5)
  })

  it('that reach over the border of the region are covered within it', async () => {
    const image = await somebody(200)
    const [face] = await findFaces(image, detector)
    const left = (face.left + face.width / 2) / 640
    const { bytes } = await strippedImage(image, { left, top: 0, width: 1 - left, height: 1 }, detector)
    const half = { ...face, left: Math.ceil(left * 640) + 1, width: face.width / 2 - 2 }
    assert.ok((await difference(bytes, image, within(half))) > 5)
  })

  it('that are not there change nothing', async () => {
    for (const image of [
      await part(),
      await sharp(await part())
        .jpeg()
        .toBuffer(),
    ]) {
      assert.deepEqual(await strippedImage(image, undefined, detector), await strippedImage(image))
    }
  })

  it('cannot be looked for in what is no picture, nor with weights of another network', async () => {
    await assert.rejects(strippedImage(Buffer.from('text'), undefined, detector))
    assert.throws(() => faceGraph(new Float32Array(50_000)), /50854 weights, the file 50000/)
  })
})

describe('covering', () => {
  const size = { width: 40, height: 30, channels: 3 }
  const noise = () => Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7919) % 256)

  for (const [where, box] of [
    ['in the picture', { left: 10, top: 10, width: 10, height: 10 }],
    ['over its border', { left: -5, top: 20, width: 10, height: 20 }],
  ] as const) {
    it(`leaves one colour of a face ${where}, and what is around as it is`, () => {
      const pixels = noise()
      coverFaces(pixels, size, [box])
      const colours = new Set<string>()
      for (let y = 0; y < 30; y++) {
        for (let x = 0; x < 40; x++) {
          const at = (y * 40 + x) * 3
          if (within(box)(x, y)) colours.add(String(pixels.subarray(at, at + 3)))
          else if (!within(box, 8)(x, y)) assert.deepEqual(pixels.subarray(at, at + 3), noise().subarray(at, at + 3))
        }
      }
      assert.equal(colours.size, 1)
    })
  }

  it('changes nothing for a face outside the picture', () => {
    const pixels = noise()
    coverFaces(pixels, size, [{ left: 60, top: 5, width: 9, height: 9 }, { left: 5, top: -30, width: 9, height: 9 }]) // prettier-ignore
    assert.deepEqual(pixels, noise())
  })
})
