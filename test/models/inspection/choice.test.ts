import assert from 'node:assert/strict'
import type { ImageTraining } from '../../../models/inspection/assignment.ts'
import { auroc } from '../../../models/inspection/evaluation.ts'
import { aurocError } from '../../../models/inspection/choice.ts'
import { openInspector } from '../../../models/inspection/inspector.ts'
import type { ImageBundle } from '../../../models/inspection/manifest.ts'
import { learnedImageConfig } from '../../../models/inspection/settings.ts'
import { trainStation } from '../../../models/inspection/train.ts'
import { seededRandom, type Random } from '../../../models/random.ts'
import { bounds, disc, png, stripes } from './pictures.ts'

const size = 64
/** Scenes whose defects are of one place, and of the whole surface: a good picture, and one with a defect. */
const scenes: Readonly<Record<string, readonly [good: (random: Random) => Uint8Array, defect: (random: Random) => Uint8Array]>> = {
  'a spot on a part': [(random) => disc(size, random, false), (random) => disc(size, random, true)],
  'another texture': [(random) => stripes(size, true, random), (random) => noisier(stripes(size, true, random), random)],
} // prettier-ignore

function noisier(pixels: Uint8Array, random: Random): Uint8Array {
  return pixels.map((value) => Math.min(255, Math.max(0, value + 7 * random.normal())))
}

function pictures(make: (random: Random) => Uint8Array, count: number, random: Random, pixels = size) {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => ({ name: `${i}`, label: 'good', image: await png(make(random), pixels) })), // prettier-ignore
  )
}

function job(images: ImageTraining['images'], own: object, more: object = {}): ImageTraining {
  const settings = learnedImageConfig.parse({ type: 'learned', size, ...own })
  return { station: 'camera', settings, images, colour: 'grey', bounds, created: 1, ...more }
}

async function scoresOf(bundle: ImageBundle, images: ImageTraining['images']): Promise<number[]> {
  const inspector = await openInspector(bundle, bounds)
  const scores: number[] = []
  for (const { image } of images) {
    const answer = await inspector.inspect(image)
    assert.ok('label' in answer)
    scores.push(answer.score)
  }
  await inspector.close()
  return scores
}

describe('the choice among methods of good images', function () {
  this.timeout(300_000)

  for (const [name, [good, defect]] of Object.entries(scenes)) {
    it(`is no worse than the better of what it combines, by more than chance: ${name}`, async () => {
      const random = seededRandom(7)
      const [learned, fine, spoiled] = [await pictures(good, 40, random), await pictures(good, 20, random), await pictures(defect, 20, random)] // prettier-ignore
      const areas: number[] = []
      for (const methods of [['patches'], ['embedding'], ['patches', 'embedding']]) {
        const { bundle } = await trainStation(job(learned, { methods }))
        areas.push(auroc(await scoresOf(bundle, fine), await scoresOf(bundle, spoiled)))
      }
      const [patches, embedding, both] = areas
      const better = Math.max(patches, embedding)
      assert.ok(better > 0.9, `${better}`)
      assert.ok(both >= better - aurocError(better, 20, 20) - 0.02, areas.join(' '))
    })
  }

  it('tells how well each kind of defect is found', async () => {
    const learned = await pictures(scenes['a spot on a part'][0], 40, seededRandom(8))
    const { bundle, results } = await trainStation(job(learned, { methods: ['patches', 'embedding'] }))
    assert.deepEqual(
      results.map(({ method }) => method),
      ['patches', 'embedding', 'combination'],
    )
    assert.equal(results.filter(({ chosen }) => chosen).length, 1)
    const kinds = ['scratch', 'stain', 'transplant', 'worn', 'missing', 'dented', 'texture', 'illumination', 'blur', 'shape'] // prettier-ignore
    for (const { metrics } of results) {
      const areas = kinds.map((kind) => metrics[`auroc_${kind}`])
      assert.ok(areas.every((area) => area >= 0 && area <= 1))
      assert.ok(Math.abs(metrics.auroc - areas.reduce((sum, area) => sum + area) / kinds.length) < 1e-9)
    }
    assert.match(bundle.card, /auroc_illumination/)
  })

  it('is made by known defects alone, where there are some', async () => {
    const random = seededRandom(9)
    const [good, defect] = scenes['another texture']
    const learned = await pictures(good, 40, random)
    const defects = (await pictures(defect, 6, random)).map((image) => ({ ...image, label: 'defect' }))
    const { results } = await trainStation(job(learned, { methods: ['patches', 'embedding'] }, { defects }))
    const known = results.map(({ metrics }) => metrics.auroc_known)
    const chosen = results.findIndex((result) => result.chosen)
    assert.ok(known[chosen] >= Math.max(...known) - aurocError(known[2], 8, 6), known.join(' '))
  })

  it('joins methods that see other sizes and colours of the same image', async () => {
    const large = (random: Random) => disc(256, random, false)
    const images = await pictures(large, 24, seededRandom(10), 256)
    // Its golden images are run through the exported graph before a model is handed out.
    const { bundle } = await trainStation(job(images, { methods: ['patches', 'embedding'], size: undefined }, { colour: 'rgb' })) // prettier-ignore
    assert.equal(bundle.manifest.type, 'combination')
    const { width, height, colour } = bundle.manifest.input
    assert.deepEqual({ width, height, colour }, { width: 256, height: 256, colour: 'rgb' })
    assert.equal(bundle.manifest.golden.images.length, 4)
  })
})
