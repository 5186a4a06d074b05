import assert from 'node:assert/strict'
import { damaged, kindsFor } from '../../../models/inspection/synthetic.ts'
import { seededRandom } from '../../../models/random.ts'
import { disc } from './pictures.ts'

const size = 64
const grey = disc(size, seededRandom(1), false)
const pictures = {
  1: { count: 1, width: size, height: size, channels: 1, pixels: grey },
  3: { count: 1, width: size, height: size, channels: 3, pixels: Uint8Array.from({ length: 3 * grey.length }, (_, at) => grey[Math.floor(at / 3)]) },
} as const // prettier-ignore

describe('made-up defects', () => {
  it('are of another colour only where there are colours', () => {
    assert.ok(!kindsFor(1).includes('colour'))
    assert.ok(kindsFor(3).includes('colour'))
  })

  for (const kind of kindsFor(3)) {
    it(`of the kind ${kind} change the picture where the mask says, the same for the same seed`, () => {
      const picture = kind === 'colour' ? pictures[3] : pictures[1]
      for (let seed = 1; seed <= 20; seed++) {
        const { pixels, mask } = damaged(picture, 0, seededRandom(seed), kind)
        assert.deepEqual(damaged(picture, 0, seededRandom(seed), kind).pixels, pixels)
        let [changed, outside] = [0, 0]
        for (let at = 0; at < pixels.length; at++) {
          const difference = Math.abs(pixels[at] - picture.pixels[at])
          if (difference > 0) changed++
          if (difference > 40 && mask[Math.floor(at / picture.channels)] === 0) outside++
        }
        assert.ok(changed > 0, `seed ${seed}`)
        assert.ok(outside <= 0.05 * mask.length, `seed ${seed}: ${outside} pixels`)
      }
    })
  }
})
