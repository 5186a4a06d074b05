import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DetectorError } from '../../../agent/core/index.ts'
import { readImageBundle, readOwnImageModel } from '../../../models/inspection/bundle.ts'
import { writeBundle } from '../../../models/onnx/bundle.ts'
import { openInspector, type ImageAnswer } from '../../../models/inspection/inspector.ts'
import type { ImageBundle } from '../../../models/inspection/manifest.ts'
import { openInspectorPool } from '../../../models/inspection/pool.ts'
import { learnedImageConfig } from '../../../models/inspection/settings.ts'
import { trainStation } from '../../../models/inspection/train.ts'
import type { ImageTraining } from '../../../models/inspection/assignment.ts'
import { seededRandom } from '../../../models/random.ts'
import { bounds, disc, goodParts, png, stripes } from './pictures.ts'

const settings = (own: object) => learnedImageConfig.parse({ type: 'learned', ...own })
const job = (images: ImageTraining['images'], own: object): ImageTraining => ({
  station: 'camera',
  settings: settings(own),
  images,
  colour: 'grey',
  bounds,
  created: 1,
})

const textures = async (count: number) => {
  const random = seededRandom(3)
  const images: { name: string; label: string; image: Uint8Array }[] = []
  for (let i = 0; i < 2 * count; i++) {
    const image = await png(stripes(64, i < count, random), 64)
    images.push({ name: `${i}.png`, label: i < count ? 'across' : 'along', image })
  }
  return images
}

async function ask(bundle: ImageBundle, image: Uint8Array): Promise<ImageAnswer> {
  const inspector = await openInspector(bundle, bounds)
  try {
    const answer = await inspector.inspect(image)
    assert.ok('label' in answer)
    return answer
  } finally {
    await inspector.close()
  }
}

describe('image models', function () {
  let good: Awaited<ReturnType<typeof goodParts>>
  let patches: ImageBundle
  const random = seededRandom(99)

  before(async () => {
    good = await goodParts(40)
    patches = (await trainStation(job(good, { methods: ['patches'] }))).bundle
  })

  it('find a defect that they never saw, and where it is, from good images only', async () => {
    const sound: ImageAnswer[] = []
    for (let i = 0; i < 20; i++) sound.push(await ask(patches, await png(disc(128, random, false), 128)))
    const [fine] = sound
    const spoiled = await ask(patches, await png(disc(128, random, true), 128))
    // One of twenty may be rejected, by the setting; four are once in sixty such tests.
    assert.ok(sound.filter(({ label }) => label === 'defect').length <= 3)
    assert.equal(spoiled.label, 'defect')
    assert.ok(spoiled.map && spoiled.map.values.indexOf(Math.max(...spoiled.map.values)) >= 0)
    assert.ok(Math.max(...spoiled.map.values) > 2 * Math.max(...fine.map!.values))
  })

  it('are the same for the same images and seed', async () => {
    const again = await trainStation(job(good, { methods: ['patches'] }))
    assert.equal(again.bundle.manifest.version, patches.manifest.version)
    assert.deepEqual(Buffer.from(again.bundle.onnx), Buffer.from(patches.onnx))
  })

  it('survive the disk, and are refused when a file changed there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millwright-image-model-'))
    try {
      await mkdir(join(folder, 'model'))
      await writeBundle(join(folder, 'model'), patches)
      const read = await readImageBundle(join(folder, 'model'))
      assert.deepEqual(read.manifest, patches.manifest)
      await writeFile(join(folder, 'model', 'model.onnx'), 'other')
      await assert.rejects(readImageBundle(join(folder, 'model')), { code: 'MODEL_BROKEN' })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('are refused where a golden image has another answer than its trainer gave', async () => {
    const [first, ...rest] = patches.manifest.golden.images
    const images = [{ ...first, answers: [first.answers[0] + 0.5] }, ...rest]
    const golden = { ...patches.manifest.golden, images }
    await assert.rejects(
      openInspector({ ...patches, manifest: { ...patches.manifest, golden } }, bounds),
      (error) => error instanceof DetectorError && error.code === 'MODEL_MISMATCH' && /golden image 1/.test(error.message), // prettier-ignore
    )
  })

  it('answer from worker threads as in this one, and call damage a problem', async () => {
    const pool = await openInspectorPool(patches, bounds, 1)
    try {
      const image = await png(disc(128, random, true), 128)
      const [answer, problem] = await Promise.all([pool.inspect(image), pool.inspect(Buffer.from('nothing'))])
      assert.deepEqual(answer, await ask(patches, image))
      assert.ok('reason' in problem && problem.reason === 'malformed')
    } finally {
      await pool.close()
    }
  })

  it('say how many images are missing', async () => {
    await assert.rejects(trainStation(job(good.slice(0, 5), { methods: ['patches'] })), /5 usable images of good, at least 20/) // prettier-ignore
  })

  it('are judged by known defects, beside the model before on the same held-out images', async () => {
    const defects = await Promise.all(
      [1, 2, 3].map(async (i) => ({ name: `${i}`, label: 'defect', image: await png(disc(128, random, true), 128) })),
    )
    const own = job(good, { methods: ['patches'] })
    const { metrics } = (await trainStation({ ...own, defects, before: patches })).bundle.manifest
    assert.equal(metrics.found_known, 1)
    assert.equal(metrics.merit_before, metrics.merit, 'it learned from the same images')
    const deaf = { ...patches, manifest: { ...patches.manifest, output: { ...patches.manifest.output, threshold: 1e9 }, golden: { tolerance: 1, images: [] } } } as ImageBundle // prettier-ignore
    assert.equal((await trainStation({ ...own, defects, before: deaf })).bundle.manifest.metrics.merit_before, 0.5)
    const broken = { ...patches, onnx: Buffer.from('broken') }
    assert.ok(!('merit_before' in (await trainStation({ ...own, before: broken })).bundle.manifest.metrics))
  })

  it('learn from some of what operators say, and hold the last of it out', async () => {
    const folder = await textures(20)
    const said = (await textures(5)).map((image) => ({ ...image, series: 'operators' }))
    const train = async (images: ImageTraining['images']) =>
      (await trainStation(job(images, { methods: ['textures'], size: 64 }))).bundle.manifest.training
    assert.deepEqual(await train(folder), { images: 32, held_out: 8, classes: { across: 20, along: 20 } })
    assert.deepEqual(await train([...folder, ...said]), {
      images: 40,
      held_out: 10,
      classes: { across: 25, along: 25 },
    })
  })

  it('tell classes by trees over textures, and leave out what cannot be decoded', async () => {
    const images = [...(await textures(16)), { name: 'torn.png', label: 'along', image: Buffer.from('torn') }]
    const { bundle, unusable } = await trainStation(job(images, { methods: ['textures'], size: 64 }))
    assert.equal(bundle.manifest.metrics.accuracy, 1)
    assert.deepEqual(
      unusable.map(({ name }) => name),
      ['torn.png'],
    )
    const answer = await ask(bundle, await png(stripes(64, true, random), 64))
    assert.equal(answer.label, 'across')
  })

  it('tell classes from five images of each, by what a network has seen before', async () => {
    const { bundle, results } = await trainStation(job(await textures(5), { methods: ['transfer', 'textures'], size: 64 })) // prettier-ignore
    assert.equal(bundle.manifest.type, 'transfer', JSON.stringify(results))
    for (const across of [true, false]) {
      const answer = await ask(bundle, await png(stripes(64, across, random), 64))
      assert.equal(answer.label, across ? 'across' : 'along')
      assert.ok(answer.score > 0.8)
    }
  })

  for (const places of [false, true]) {
    const told = places ? 'tells places apart' : 'sees the whole'
    it(`tell classes by a network that ${told}, whose graph gives what its trainer gives`, async () => {
      const own = { methods: ['classifier'], size: 32, epochs: 12, places }
      const { bundle } = await trainStation(job(await textures(16), own))
      assert.equal(bundle.manifest.metrics.accuracy, 1)
      assert.equal(bundle.manifest.golden.images.length, 4)
      const answer = await ask(bundle, await png(stripes(64, false, random), 64))
      assert.equal(answer.label, 'along')
    })
  }

  it('learn made-up defects by a segmentation network whose graph gives what its trainer gives', async () => {
    const { bundle, results } = await trainStation(job(good.slice(0, 20), { methods: ['segmentation'], size: 64, shown: 64 })) // prettier-ignore
    assert.equal(results[0].method, 'segmentation')
    const answer = await ask(bundle, await png(disc(64, random, false), 64))
    assert.equal(answer.map?.width, 16)
  })

  describe('of the user', () => {
    let folder: string
    const manifest = (own: object = {}) => ({
      input: { name: 'image', colour: 'grey', width: 128, height: 128, ...own },
      output: { type: 'score', name: 'score', map: 'map', threshold: 1 },
    })
    const read = async (content: object) => {
      await writeFile(join(folder, 'own.onnx'), patches.onnx)
      await writeFile(join(folder, 'manifest.json'), JSON.stringify(content))
      return readOwnImageModel({ type: 'onnx', file: join(folder, 'own.onnx') }, 'camera')
    }
    before(async () => (folder = await mkdtemp(join(tmpdir(), 'millwright-own-'))))
    after(() => rm(folder, { recursive: true, force: true }))

    it('plug in by their manifest', async () => {
      const answer = await ask(await read(manifest()), good[0].image)
      assert.equal(answer.label, 'good')
    })

    const wrong: readonly [string, object, RegExp][] = [
      ['size', manifest({ width: 64, height: 64 }), /the manifest says float32 \[1, 1, 64, 64\]/],
      ['colours', manifest({ colour: 'rgb' }), /the manifest says float32 \[1, 3, 128, 128\]/],
      ['input', manifest({ name: 'pixels' }), /no input pixels; it has image/],
      ['output', { ...manifest(), output: { type: 'score', name: 'anomaly', threshold: 1 } }, /no output anomaly; it has score, map/], // prettier-ignore
    ]
    for (const [what, content, words] of wrong) {
      it(`are refused in plain words where the manifest has another ${what}`, async () => {
        await assert.rejects(openInspector(await read(content), bounds), words)
      })
    }

    it('are refused where the manifest is not complete', async () => {
      await assert.rejects(read({ input: {} }), /manifest.json is not as it should be/)
    })
  })
})
