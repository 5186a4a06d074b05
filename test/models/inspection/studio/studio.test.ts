import assert from 'node:assert/strict'
import { openFaceDetector } from '../../../../models/inspection/faces/detector.ts'
import { findFaces } from '../../../../models/inspection/faces/find.ts'
import { createStudio, type Studio } from '../../../../models/inspection/studio/studio.ts'
import { part, portrait } from '../faces/parts.ts'

describe('the process that takes faces out of images', () => {
  let stripper: Studio
  before(() => (stripper = createStudio()))
  after(() => stripper.close())

  it('gives images without faces', async () => {
    const { bytes, format } = await stripper.strip(await portrait(), undefined, true)
    assert.equal(format, 'jpg')
    const detector = await openFaceDetector()
    assert.deepEqual(await findFaces(bytes, detector), [])
    await detector.close()
  })

  it('refuses what is no picture, and goes on', async () => {
    await assert.rejects(stripper.strip(Buffer.from('text'), undefined, true), /not one of jpeg, png, webp/)
    assert.equal((await stripper.strip(await part(64), undefined, true)).format, 'png')
  })
})
