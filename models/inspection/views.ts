import { encodeOnnx, type Port } from '../onnx/graph.ts'
import { spliceOnnx } from '../onnx/splice.ts'
import type { Fitted } from './candidates.ts'
import type { ImageSet } from './images.ts'
import { channelsOf, type ImageInput } from './manifest.ts'
import { GraphBuilder } from './network/layers.ts'

/** Size and channels that a method sees images at. */
export interface View {
  readonly size: number
  readonly channels: 1 | 3
}

/** Luma of Rec. 601, as `decodeImage` makes grey. */
const luma = [0.299, 0.587, 0.114]

/** Images as a method sees them: grey where it wants grey, means over squares where it wants fewer pixels, in whole grey levels. */
export function viewOf(set: ImageSet, { size, channels }: View): ImageSet {
  const grey = channels < set.channels
  if (set.width === size && !grey) return set
  const factor = set.width / size
  const pixels = new Uint8Array(set.count * size * size * channels)
  for (let at = 0; at < pixels.length; at++) {
    const [c, place] = [at % channels, Math.floor(at / channels)]
    const [x, y] = [(place % size) * factor, Math.floor(place / size) * factor]
    let sum = 0
    for (let dy = 0; dy < factor; dy++) {
      for (let dx = 0; dx < factor; dx++) {
        const from = ((y + dy) * set.width + x + dx) * set.channels
        sum += grey ? lumaAt(set.pixels, from) : set.pixels[from + c]
      }
    }
    pixels[at] = Math.floor(sum / factor ** 2 + 0.5)
  }
  return { count: set.count, width: size, height: size, channels, pixels }
}

function lumaAt(pixels: Uint8Array, from: number): number {
  return Math.floor(luma[0] * pixels[from] + luma[1] * pixels[from + 1] + luma[2] * pixels[from + 2] + 0.5)
}

/** A method behind its view of larger images, or of such with colours: it takes those. */
export function behindView(fitted: Fitted, from: View): Fitted {
  const { input } = fitted
  const to: View = { size: input.width, channels: channelsOf(input) }
  const { mean, std, ...rest } = input
  if (to.size === from.size && to.channels === from.channels && !mean && !std) return fitted
  const wider: ImageInput = { ...rest, width: from.size, height: from.size, colour: from.channels === 1 ? 'grey' : 'rgb' } // prettier-ignore
  return {
    ...fitted,
    input: wider,
    onnx: spliceOnnx([
      { onnx: viewGraph(from, to, input), what: 'the view', feeds: {} },
      { onnx: fitted.onnx, what: 'the method', feeds: { [input.name]: '0.view' } },
    ]),
    answers: (set) => fitted.answers(viewOf(set, to)),
  }
}

/** `image` [batch, channels, size, size], 0 to 1, to `view` of the other size and channels, scaled for the method. */
function viewGraph(from: View, to: View, { mean, std }: ImageInput): Uint8Array {
  const builder = new GraphBuilder()
  const number = (value: number) => builder.constant([1], Float32Array.of(value))
  const whole = (x: string) => builder.add('Floor', [builder.add('Add', [x, number(0.5)])])
  let x = builder.add('Mul', ['image', number(255)])
  if (to.channels < from.channels) x = whole(builder.add('Conv', [x, builder.constant([1, 3, 1, 1], Float32Array.from(luma))])) // prettier-ignore
  if (to.size < from.size) {
    const window = { ints: [from.size / to.size, from.size / to.size] }
    x = whole(builder.add('AveragePool', [x], { kernel_shape: window, strides: window }))
  }
  const perChannel = (values: readonly number[]) =>
    builder.constant([1, values.length, 1, 1], Float32Array.from(values))
  x = builder.add('Div', [x, number(255)])
  if (mean) x = builder.add('Sub', [x, perChannel(mean)])
  if (std) x = builder.add('Div', [x, perChannel(std)])
  const port = (name: string, view: View): Port => ({ name, type: 'float32', shape: ['batch', view.channels, view.size, view.size] }) // prettier-ignore
  return encodeOnnx(builder.finish('view', [port('image', from)], [{ of: x, port: port('view', to) }]))
}
