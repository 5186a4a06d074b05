import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onnx } from 'onnx-proto'
import { encodeOnnx } from '../../models/onnx/graph.ts'
import { openSession } from '../../models/onnx/runtime.ts'
import { sum as graph } from '../support/sum-graph.ts'

/** The model, changed by whoever hands it over. */
function changed(change: (graph: onnx.IGraphProto) => void): Uint8Array {
  const model = onnx.ModelProto.decode(encodeOnnx(graph))
  change(model.graph!)
  return onnx.ModelProto.encode(model).finish()
}

describe('an attacker who hands over a model', () => {
  let folder: string
  let secret: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-model-'))
    secret = join(folder, 'secret.bin')
    writeFileSync(secret, Buffer.from(Float64Array.of(1, 1).buffer))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const attacks: readonly (readonly [string, (graph: onnx.IGraphProto) => void])[] = [
    ['whose weights are in another file', ({ initializer }) => outside(initializer![0], secret)],
    ['whose weights are in a file beside it', ({ initializer }) => outside(initializer![0], 'secret.bin')],
    ['whose weights are up from there', ({ initializer }) => outside(initializer![0], '../secret.bin')],
    ['that asks for an operator of its own', ({ node }) => Object.assign(node![0], { domain: 'com.evil', opType: 'Run' })], // prettier-ignore
    ['whose weights are fewer than it says', ({ initializer }) => Object.assign(initializer![0], { dims: [1_000_000, 1] })], // prettier-ignore
    ['whose weights are more than there is memory', ({ initializer }) => Object.assign(initializer![0], { dims: [2 ** 40, 2 ** 20] })], // prettier-ignore
    ['whose weights are fewer than none', ({ initializer }) => Object.assign(initializer![0], { dims: [-2, 1] })],
  ]
  for (const [what, change] of attacks)
    it(`${what}: is refused`, async () => {
      await assert.rejects(openSession(changed(change), 'model'), { code: 'MODEL_BROKEN' })
    })

  it('unchanged: is taken', async () => {
    const session = await openSession(
      changed(() => undefined),
      'model',
    )
    await session.close()
  })
})

/** Has the weights read from a file. */
function outside(tensor: onnx.ITensorProto, location: string): void {
  Object.assign(tensor, {
    rawData: new Uint8Array(0),
    doubleData: [],
    dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
    externalData: [{ key: 'location', value: location }],
  })
}
