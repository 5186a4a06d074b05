import assert from 'node:assert/strict'
import { openFaceDetector } from '../../../../models/inspection/faces/detector.ts'
import { findFaces } from '../../../../models/inspection/faces/find.ts'
import { createFaceStripper, type FaceStripper } from '../../../../models/inspection/faces/pool.ts'
import { part, portrait } from './parts.ts'

describe('the thread that takes faces out of images', () => {
  let stripper: FaceStripper
  before(() => (stripper = createFaceStripper()))
  after(() => stripper.close())

  it('gives images without faces', async () => {
    const { bytes, format } = await stripper.strip(await portrait())
    assert.equal(format, 'jpg')
    const detector = await openFaceDetector()
    assert.deepEqual(await findFaces(bytes, detector), [])
    await detector.close()
  })

  it('refuses what is no picture, and goes on', async () => {
    await assert.rejects(stripper.strip(Buffer.from('text')), /unsupported image format/)
    assert.equal((await stripper.strip(await part(64))).format, 'png')
  })
})
