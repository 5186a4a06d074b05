import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import sharp from 'sharp'
import { photograph } from '../../../connectors/plant/camera.ts'
import { photographGoodParts, startPlant, type Plant } from '../../../connectors/plant/index.ts'
import { defects, makePart, torqueLimits, type Part } from '../../../connectors/plant/parts.ts'
import { until } from '../../support/until.ts'

const parts = (seed: number, rates?: { defects: number; torque: number }) =>
  Array.from({ length: 4_000 }, (_, number) => makePart(seed, number, rates))
const share = (list: readonly Part[], wanted: (part: Part) => boolean) => list.filter(wanted).length / list.length

const pixelsOf = async (image: Uint8Array) => sharp(image).greyscale().raw().toBuffer()

/** Share of the pixels that differ by more than the noise does. */
async function difference(one: Uint8Array, other: Uint8Array): Promise<number> {
  const [a, b] = await Promise.all([pixelsOf(one), pixelsOf(other)])
  return a.filter((value, i) => Math.abs(value - b[i]) > 40).length / a.length
}

describe('parts of the simulated plant', () => {
  it('are the same for the same seed, and others for another', () => {
    assert.deepEqual(parts(3), parts(3))
    assert.notDeepEqual(parts(3), parts(4))
  })

  it('are defective at the rate that is set, by every kind of defect', () => {
    const made = parts(1, { defects: 0.3, torque: 0.1 })
    assert.ok(Math.abs(share(made, ({ defect }) => defect !== undefined) - 0.3) < 0.03)
    assert.ok(Math.abs(share(made, ({ torque }) => torque < torqueLimits.min) - 0.1) < 0.02)
    for (const kind of defects) assert.ok(Math.abs(share(made, ({ defect }) => defect === kind) - 0.3 / 4) < 0.02, kind)
  })

  it('are all good where no defects are asked for', () => {
    const made = parts(1, { defects: 0, torque: 0 })
    assert.ok(made.every(({ defect, torque }) => defect === undefined && torque >= torqueLimits.min && torque <= torqueLimits.max)) // prettier-ignore
  })
})

describe('images of the simulated camera', () => {
  it('are the same to the byte for the same seed and part, and never twice the same', async () => {
    const image = await photograph(1, 7, undefined)
    assert.ok(Buffer.from(await photograph(1, 7, undefined)).equals(image))
    assert.ok(!Buffer.from(await photograph(1, 8, undefined)).equals(image))
    const { format, width, height } = await sharp(image).metadata()
    assert.deepEqual([format, width, height], ['jpeg', 320, 320])
  })

  for (const defect of defects)
    it(`show a ${defect} where there is one`, async () => {
      const found: number[] = []
      for (let number = 0; number < 5; number++)
        found.push(await difference(await photograph(1, number, undefined), await photograph(1, number, defect)))
      assert.ok(
        found.every((pixels) => pixels > 0.0005 && pixels < 0.1),
        found.join(' '),
      )
    })
})

describe('the camera over the conveyor', function () {
  let folder: string
  let plant: Plant

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright-plant-'))
    plant = await startPlant({ folder: join(folder, 'plant'), camera: true, seed: 5 })
  })
  after(async () => {
    await plant.close()
    await rm(folder, { recursive: true })
  })

  it('tells part, torque and temperature of each part, then its image under the part’s id', async () => {
    const client = await connectAsync(plant.brokerUrl)
    const told: [string, Buffer][] = []
    client.on('message', (topic, payload) => told.push([topic, payload]))
    await client.subscribeAsync(['plant/line2/inspection1/+', `${plant.cameraTopic}/+`])
    const images = () => told.filter(([topic]) => topic.startsWith('camera/'))
    await until('two images', () => images().length >= 2)
    await client.endAsync()
    for (const [topic, image] of images()) {
      const id = topic.split('/').at(-1)!
      const at = told.findIndex(([name, payload]) => name.endsWith('/part') && payload.toString().includes(`"${id}"`))
      const values = told.slice(at + 1, at + 3).map(([name, payload]) => [name.split('/').at(-1), (JSON.parse(payload.toString()) as { value: unknown }).value]) // prettier-ignore
      const part = makePart(5, Number(id.slice(2)))
      assert.deepEqual(values, [['torque', part.torque], ['temperature', part.temperature]]) // prettier-ignore
      assert.ok(Buffer.from(await photograph(5, Number(id.slice(2)), part.defect)).equals(image))
      assert.ok(at < told.findIndex(([name]) => name === topic), 'values come first')
    }
  })

  it('lets no client send images in its name', async () => {
    const client = await connectAsync(plant.brokerUrl, { reconnectPeriod: 0 })
    const closed = new Promise((resolve) => client.once('close', () => resolve(undefined)))
    client.on('error', () => undefined)
    client.publish(`${plant.cameraTopic}/P-1`, 'no image', { qos: 1 }, () => undefined)
    await closed
  })

  it('writes good parts for the station to learn from', async () => {
    const good = join(folder, 'good')
    await photographGoodParts(good, 3)
    const names = await readdir(good)
    assert.equal(names.length, 3)
    for (const name of names) assert.equal((await sharp(await readFile(join(good, name))).metadata()).format, 'jpeg')
  })
})
