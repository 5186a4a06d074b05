import assert from 'node:assert/strict'
import { loadBackend } from '../../../models/neural/index.ts'
import { openSession } from '../../../models/onnx/runtime.ts'
import { classifierGraph } from '../../../models/inspection/cnn/graph.ts'
import { ConvolutionalNetwork, gridOf, probabilities } from '../../../models/inspection/cnn/network.ts'
import { seededRandom } from '../../../models/random.ts'

describe('classifier', () => {
  const grids: readonly [height: number, width: number, places: boolean, rows: number, columns: number][] = [
    [64, 64, false, 1, 1],
    [28, 28, true, 7, 7],
    [64, 64, true, 8, 8],
    [96, 96, true, 6, 6],
    [160, 128, true, 5, 8],
    [88, 64, true, 1, 8],
  ]
  for (const [height, width, places, rows, columns] of grids) {
    const told = places ? 'tells places apart' : 'sees the whole'
    it(`that ${told} has ${rows} x ${columns} places at ${height} x ${width}, in its graph as in its trainer`, async () => {
      const grid = gridOf(height, width, places)
      assert.deepEqual(grid, { rows, columns })
      const random = seededRandom(7)
      const network = new ConvolutionalNetwork(1, grid, 3, random).fold()
      const ramp = (at: number) => (at < height * width ? (4 * (at % width)) / width : 0)
      const input = Float32Array.from({ length: 2 * height * width }, (_, at) => ramp(at) + random.normal())
      const { tf } = await loadBackend()
      const expected = probabilities(tf, network, input, [height, width, 1])
      const session = await openSession(classifierGraph(network, [height, width, 1]), 'the test')
      const outputs = await session.run('image', input, [2, 1, height, width])
      await session.close()
      const { data } = outputs.probabilities
      assert.equal(data.length, 6)
      expected.forEach((value, i) => assert.ok(Math.abs(Number(data[i]) - value) < 1e-4, `${data[i]} for ${value}`))
      assert.ok(Math.abs(expected[0] - expected[3]) > 1e-3, 'the two images differ')
    })
  }
})
