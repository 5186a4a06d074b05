import { embeddingGraph, featureCount } from '../embedding/features.ts'
import type { Backbone } from '../embedding/backbone.ts'
import { addMoments } from '../textures/graph.ts'
import type { LogisticModel } from './logistic.ts'

/** Numbers that describe an image through a backbone: four moments of each feature. */
export function momentCount(backbone: Backbone): number {
  return 4 * featureCount(backbone)
}

/** The moments alone, for the training: `moments` [batch, moments]. */
export function momentGraph(backbone: Backbone, size: number, channels: number): Uint8Array {
  return embeddingGraph(backbone, size, channels, (builder, features) => ({
    name: 'moments',
    outputs: [{ of: addMoments(builder, features), port: { name: 'moments', type: 'float32', shape: ['batch', momentCount(backbone)] } }], // prettier-ignore
  }))
}

/** The whole classifier, backbone and all: `image` [batch, channels, size, size], 0 to 1; `probabilities` [batch, classes]. */
export function transferGraph(model: LogisticModel, backbone: Backbone, size: number, channels: number): Uint8Array {
  const { weights, bias, columns, classes } = model
  return embeddingGraph(backbone, size, channels, (builder, features) => {
    const slopes = builder.constant([columns, classes], Float32Array.from(weights))
    const logits = builder.add('Gemm', [addMoments(builder, features), slopes, builder.constant([classes], Float32Array.from(bias))]) // prettier-ignore
    const port = { name: 'probabilities', type: 'float32', shape: ['batch', classes] } as const
    return { name: 'transfer', outputs: [{ of: builder.add('Softmax', [logits], { axis: 1 }), port }] }
  })
}
