import { GraphBuilder } from '../../../models/inspection/network/layers.ts'
import { encodeOnnx } from '../../../models/onnx/graph.ts'
import { seededRandom } from '../../../models/random.ts'

/** Expansion, channels, repetitions and stride of the inverted residuals (Sandler et al. 2018, table 2). */
const blocks = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const

/**
 * A network of the size and shape of MobileNetV2 with weights by chance: 3.5 million of them, 300 million multiplications
 * an image. `image` [batch, 3, 224, 224]; `probabilities` [batch, classes].
 */
export function mobileNet(classes: number): Uint8Array {
  const builder = new GraphBuilder()
  const random = seededRandom(1)
  const normal = (length: number, spread: number) => Float32Array.from({ length }, () => random.normal() * spread)
  const convolution = (x: string, input: number, output: number, size: number, stride: number, group = 1) => {
    const each = (input / group) * size * size
    const filter = builder.constant([output, input / group, size, size], normal(output * each, Math.sqrt(2 / each)))
    const bias = builder.constant([output], new Float32Array(output))
    const edge = (size - 1) / 2
    const pads = { ints: [edge, edge, edge, edge] }
    return builder.add('Conv', [x, filter, bias], { group, pads, strides: { ints: [stride, stride] } })
  }
  const bound = [builder.constant([], Float32Array.of(0)), builder.constant([], Float32Array.of(6))]
  const relu6 = (x: string) => builder.add('Clip', [x, ...bound])
  let x = relu6(convolution('image', 3, 32, 3, 2))
  let channels = 32
  for (const [expansion, output, repetitions, first] of blocks) {
    for (let i = 0; i < repetitions; i++) {
      const [stride, wide] = [i === 0 ? first : 1, channels * expansion]
      const open = expansion === 1 ? x : relu6(convolution(x, channels, wide, 1, 1))
      const closed = convolution(relu6(convolution(open, wide, wide, 3, stride, wide)), wide, output, 1, 1)
      x = stride === 1 && channels === output ? builder.add('Add', [x, closed]) : closed
      channels = output
    }
  }
  x = builder.add('Flatten', [builder.add('GlobalAveragePool', [relu6(convolution(x, channels, 1280, 1, 1))])])
  const weights = builder.constant([1280, classes], normal(1280 * classes, 0.03))
  const bias = builder.constant([classes], new Float32Array(classes))
  const probabilities = builder.add('Softmax', [builder.add('Gemm', [x, weights, bias])], { axis: 1 })
  const image = { name: 'image', type: 'float32', shape: ['batch', 3, 224, 224] } as const
  const port = { name: 'probabilities', type: 'float32', shape: ['batch', classes] } as const
  return encodeOnnx(builder.finish('mobilenet', [image], [{ of: probabilities, port }]))
}
