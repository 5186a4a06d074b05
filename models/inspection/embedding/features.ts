import { encodeOnnx, type Port } from '../../onnx/graph.ts'
import { spliceOnnx } from '../../onnx/splice.ts'
import { GraphBuilder } from '../network/layers.ts'
import type { Backbone, BackboneLayer } from './backbone.ts'

/** Places an image is described at, per side. */
export const cells = 16
export const places = cells * cells

/** Numbers by place. */
export function featureCount({ layers }: Backbone): number {
  return layers.reduce((sum, { channels }) => sum + channels, 0)
}

/** What follows a backbone: takes the features [batch, features, places], gives the outputs. */
export type Head = (
  builder: GraphBuilder,
  features: string,
) => { readonly name: string; readonly outputs: readonly { readonly of: string; readonly port: Port }[] }

/**
 * `image` [batch, channels, size, size], 0 to 1, one channel or three; through the backbone, its layers brought to
 * `cells` x `cells` places, and through the head: one graph that needs nothing beside it.
 */
export function embeddingGraph(backbone: Backbone, size: number, channels: number, head: Head): Uint8Array {
  const { layers } = backbone
  const after = new GraphBuilder()
  const parts = layers.map((layer) => onGrid(after, layer))
  const joined = parts.length === 1 ? parts[0] : after.add('Concat', parts, { axis: 1 })
  const shape = BigInt64Array.of(-1n, BigInt(featureCount(backbone)), BigInt(places))
  const { name, outputs } = head(after, after.add('Reshape', [joined, after.constant([3], shape)]))
  const ports = layers.map((layer): Port => ({
    name: layer.name,
    type: 'float32',
    shape: ['batch', layer.channels, layer.rows, layer.columns],
  }))
  return spliceOnnx([
    { onnx: preparation(backbone, size, channels), what: 'the preparation', feeds: {} },
    { onnx: backbone.onnx, what: 'the backbone', feeds: { [backbone.input]: '0.prepared' } },
    {
      onnx: encodeOnnx(after.finish(name, ports, outputs)),
      what: 'the head',
      feeds: Object.fromEntries(layers.map((layer) => [layer.name, `1.${layer.name}`])),
    },
  ])
}

/** The features alone, for the training: `features` [batch, features, places]. */
export function embeddingFeatures(backbone: Backbone, size: number, channels: number): Uint8Array {
  return embeddingGraph(backbone, size, channels, (_, features) => ({
    name: 'embedding',
    outputs: [{ of: features, port: { name: 'features', type: 'float32', shape: ['batch', featureCount(backbone), places] } }], // prettier-ignore
  }))
}

/** Three channels, scaled as the backbone was trained. */
function preparation({ mean, std }: Backbone, size: number, channels: number): Uint8Array {
  const builder = new GraphBuilder()
  const colours = channels === 3 ? 'image' : builder.add('Concat', ['image', 'image', 'image'], { axis: 1 })
  const centred = builder.add('Sub', [colours, builder.constant([1, 3, 1, 1], Float32Array.from(mean))])
  const scaled = builder.add('Div', [centred, builder.constant([1, 3, 1, 1], Float32Array.from(std))])
  const image: Port = { name: 'image', type: 'float32', shape: ['batch', channels, size, size] }
  const port: Port = { name: 'prepared', type: 'float32', shape: ['batch', 3, size, size] }
  return encodeOnnx(builder.finish('preparation', [image], [{ of: scaled, port }]))
}

/** A layer at `cells` x `cells` places: means where it is finer by a whole number, between places where it is not. */
function onGrid(builder: GraphBuilder, { name, rows, columns }: BackboneLayer): string {
  if (rows === cells && columns === cells) return name
  if (rows % cells === 0 && columns % cells === 0) {
    const window = { ints: [rows / cells, columns / cells] }
    return builder.add('AveragePool', [name], { kernel_shape: window, strides: window })
  }
  const scales = builder.constant([4], Float32Array.of(1, 1, cells / rows, cells / columns))
  return builder.add('Resize', [name, '', scales], { mode: 'linear' })
}
