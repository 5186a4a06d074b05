import { encodeOnnx } from '../../onnx/graph.ts'
import { GraphBuilder } from '../network/layers.ts'
import { poolsOf, type TrainedNetwork } from './network.ts'

/** The classifier as ONNX: `image` [batch, channels, height, width], scaled; `probabilities` [batch, classes]. */
export function classifierGraph(network: TrainedNetwork, [height, width, channels]: readonly number[]): Uint8Array {
  const builder = new GraphBuilder()
  let x = 'image'
  network.convolutions.forEach((layer, block) => {
    x = builder.add('Relu', [builder.convolution(x, layer)])
    if (block < poolsOf(height, width)) x = builder.pool(x)
  })
  x = builder.add('Flatten', [builder.add('GlobalAveragePool', [x])])
  const features = network.convolutions[network.convolutions.length - 1].output
  const weights = builder.constant([features, network.classes], network.weights)
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
