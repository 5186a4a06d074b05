import { encodeOnnx } from '../../onnx/graph.ts'
import { GraphBuilder } from '../network/layers.ts'
import { featuresOf, poolsOf, type TrainedNetwork } from './network.ts'

/** The classifier as ONNX: `image` [batch, channels, height, width], scaled; `probabilities` [batch, classes]. */
export function classifierGraph(network: TrainedNetwork, [height, width, channels]: readonly number[]): Uint8Array {
  const builder = new GraphBuilder()
  const pools = poolsOf(height, width)
  let x = 'image'
  network.convolutions.forEach((layer, block) => {
    x = builder.add('Relu', [builder.convolution(x, layer)])
    if (block < pools) x = builder.pool(x)
  })
  const { rows, columns } = network.grid
  const place = { ints: [(height >> pools) / rows, (width >> pools) / columns] }
  x = builder.add('Flatten', [builder.add('AveragePool', [x], { kernel_shape: place, strides: place })])
  const weights = builder.constant([featuresOf(network.grid), network.classes], channelsFirst(network))
  const bias = builder.constant([network.classes], network.bias)
  const probabilities = builder.add('Softmax', [builder.add('Gemm', [x, weights, bias])], { axis: 1 })
  return encodeOnnx(
    builder.finish(
      'classifier',
      [{ name: 'image', type: 'float32', shape: ['batch', channels, height, width] }],
      [
        {
          of: probabilities,
          port: { name: 'probabilities', type: 'float32', shape: ['batch', network.classes] },
        },
      ],
    ),
  )
}

/** Weights of the dense layer [rows, columns, channels, classes] as [channels, rows, columns, classes]. */
function channelsFirst({ grid, weights, classes }: TrainedNetwork): Float32Array {
  const places = grid.rows * grid.columns
  const channels = weights.length / places / classes
  const turned = new Float32Array(weights.length)
  for (let place = 0; place < places; place++) {
    for (let c = 0; c < channels; c++) {
      const from = (place * channels + c) * classes
      turned.set(weights.subarray(from, from + classes), (c * places + place) * classes)
    }
  }
  return turned
}
