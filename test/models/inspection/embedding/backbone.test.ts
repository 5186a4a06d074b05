import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backboneConfig, openBackbone } from '../../../../models/inspection/embedding/backbone.ts'
import { cells, embeddingFeatures, featureCount, places } from '../../../../models/inspection/embedding/features.ts'
import { runImages } from '../../../../models/inspection/evaluation.ts'
import { imageInput } from '../../../../models/inspection/manifest.ts'
import { GraphBuilder } from '../../../../models/inspection/network/layers.ts'
import { encodeOnnx } from '../../../../models/onnx/graph.ts'
import { openSession, sha256 } from '../../../../models/onnx/runtime.ts'
import { seededRandom } from '../../../../models/random.ts'
import { disc } from '../pictures.ts'

const folder = new URL('../../../../models/inspection/backbone/', import.meta.url)
const size = 64

/** A network of the user: the picture halved, and the picture itself. */
function own(): Uint8Array {
  const builder = new GraphBuilder()
  const half = builder.pool('photo')
  const port = (name: string, n: number) => ({ name, type: 'float32', shape: ['batch', 3, n, n] }) as const
  const outputs = [
    { of: half, port: port('half', size / 2) },
    { of: builder.add('Relu', ['photo']), port: port('same', size) },
  ]
  return encodeOnnx(builder.finish('own', [port('photo', size)], outputs))
}

async function featuresOf(backbone: Awaited<ReturnType<typeof openBackbone>>, pixels: Uint8Array) {
  const session = await openSession(embeddingFeatures(backbone, size, 1), 'test')
  try {
    const set = { count: 1, width: size, height: size, channels: 1, pixels } as const
    const [features] = await runImages(
      session,
      imageInput.parse({ colour: 'grey', width: size, height: size }),
      set,
      'features',
    )
    return features
  } finally {
    await session.close()
  }
}

describe('the backbone', () => {
  let temporary: string
  before(async () => (temporary = await mkdtemp(join(tmpdir(), 'millwright-backbone-'))))
  after(() => rm(temporary, { recursive: true }))

  const open = async (layers: string[], onnx: Uint8Array = own()) => {
    const file = join(temporary, 'own.onnx')
    await writeFile(file, onnx)
    return openBackbone(size, backboneConfig.parse({ file, layers, mean: [0], std: [1] }))
  }

  it('is the file that its card describes', async () => {
    const card = await readFile(new URL('README.md', folder), 'utf8')
    const file = await readFile(new URL('mobilenet-v2.onnx', folder))
    assert.ok(card.includes(sha256(file)))
    assert.ok(card.includes(file.length.toLocaleString('en')))
    assert.match(await readFile(new URL('LICENSE', folder), 'utf8'), /Apache License/)
  })

  it('describes each place by what is there', async () => {
    const backbone = await openBackbone(size)
    assert.equal(featureCount(backbone), 24 + 32 + 64 + 96)
    const [plain, spotted] = [false, true].map((spot) => disc(size, seededRandom(4), spot))
    const [a, b] = [await featuresOf(backbone, plain), await featuresOf(backbone, spotted)]
    const changed = plain.findIndex((value, at) => Math.abs(value - spotted[at]) > 50)
    const cell = Math.floor(changed / size / (size / cells)) * cells + Math.floor((changed % size) / (size / cells))
    const difference = (place: number) => {
      let sum = 0
      for (let f = 0; f < featureCount(backbone); f++) sum += Math.abs(a[f * places + place] - b[f * places + place])
      return sum
    }
    const corner = cell < places / 2 ? places - 1 : 0
    assert.ok(difference(cell) > 3 * difference(corner), `${difference(cell)} against ${difference(corner)}`)
  })

  it('may be one of the user, whose layers are brought to the same places', async () => {
    const pixels = Uint8Array.from({ length: size * size }, (_, at) => (at % size < size / 2 ? 0 : 255))
    const features = await featuresOf(await open(['same', 'half']), pixels)
    assert.equal(features.length, 6 * places)
    for (let f = 0; f < 6; f++) {
      for (let place = 0; place < places; place++) assert.equal(features[f * places + place], place % cells < cells / 2 ? 0 : 1) // prettier-ignore
    }
  })

  it('is refused in words that name the remedy', async () => {
    await assert.rejects(open(['other']), /no output other; it has half, same/)
    await assert.rejects(open(['half'], Buffer.from('no model')), { code: 'MODEL_BROKEN' })
    const missing = backboneConfig.parse({ file: join(temporary, 'none.onnx'), layers: ['half'] })
    await assert.rejects(openBackbone(size, missing), { code: 'MODEL_MISSING' })
  })
})
