import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { schema, type Config } from '../../../agent/settings/schema.ts'
import { DetectorError } from '../../../agent/core/index.ts'
import { ImageStore } from '../../../agent/stations/images/image-store.ts'
import { labelledFolder } from '../../../agent/stations/station.ts'
import { versionAtWork } from '../../../agent/training/at-work.ts'
import { trainAndRegister } from '../../../agent/stations/life/training.ts'
import { stationFolder } from '../../../agent/stations/unit.ts'
import { parseConfig } from '../../../config/index.ts'
import { seededRandom } from '../../../models/random.ts'
import { disc, png } from '../../models/inspection/pictures.ts'

const size = 64

describe('training of a station', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-station-training-'))
  const random = seededRandom(7)
  let labelled: ImageStore
  let first: string

  const config = (learn = ''): Config =>
    parseConfig(
      `data: ${folder}\ninspections: { cap: { source: { type: http }, model: { type: learned, methods: [patches, textures], size: ${size} }${learn} } }`,
      { schema, env: {} },
    )
  const train = (own: Config, more: { active?: string; folder?: string } = {}) =>
    trainAndRegister(own, 'cap', { created: 1, progress: () => undefined, ...more })
  /** Parts that operators called good or defective. */
  const say = async (name: string, count: number, from: number) => {
    for (let i = 0; i < count; i++) {
      const image = await png(disc(size, random, name === 'defect'), size)
      await labelled.store(image, name, `P${from + i}`, (from + i) * 1000)
    }
  }

  before(() => (labelled = new ImageStore(labelledFolder(stationFolder(folder, 'cap')), { size: 1e8 })))
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('says what to do where there is nothing to learn from', async () => {
    await assert.rejects(train(config()), (error: DetectorError) => {
      assert.equal(error.code, 'TRAINING_DATA')
      assert.match(error.remedy!, /learn\.images.*millwright label verdict/)
      return true
    })
  })

  it('learns good parts from what operators said alone; the defective ones judge', async () => {
    await say('good', 25, 0)
    await say('defect', 3, 25)
    const { version, trained } = await train(config())
    first = version
    const { manifest } = trained.bundle
    assert.equal(manifest.type, 'patches')
    assert.deepEqual(manifest.training, { images: 20, held_out: 5, classes: { good: 25 } })
    assert.equal(manifest.metrics.found_known, 1)
    assert.ok(!('merit_before' in manifest.metrics))
    assert.equal(await versionAtWork(config(), 'cap'), first, 'the newest, as no journal says otherwise')
  })

  it('compares with the model at work on what both held out', async () => {
    await say('good', 10, 40)
    const { version, trained } = await train(config(), { active: first })
    assert.match(version, /^0002-/)
    const { metrics, parent, training } = trained.bundle.manifest
    assert.equal(parent, first)
    assert.equal(training.held_out, 7)
    assert.ok(metrics.merit_before > 0.5 && metrics.merit_before <= 1, String(metrics.merit_before))
    assert.match(trained.bundle.card, /The model at work had a merit of/)
  })

  it('becomes a classifier where enough parts are called defective', async () => {
    await say('defect', 20, 60)
    const { bundle } = (await train(config())).trained
    assert.equal(bundle.manifest.type, 'textures')
    assert.deepEqual(bundle.manifest.training.classes, { defect: 23, good: 35 })
  })

  it('adds what operators said to the folder of the settings, and to no other', async () => {
    const images = join(folder, 'images')
    mkdirSync(images)
    for (let i = 0; i < 20; i++) writeFileSync(join(images, `${i}.png`), await png(disc(size, random, false), size))
    const both = await train(config(`, learn: { images: ${images} }`))
    assert.deepEqual(both.trained.bundle.manifest.training.classes, { good: 55 })
    const alone = await train(config(), { folder: images })
    assert.deepEqual(alone.trained.bundle.manifest.training.classes, { good: 20 })
  })
})
