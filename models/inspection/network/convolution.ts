import type { Tensor, Tensor4D } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../neural/index.ts'

/**
 * Convolution of stride 1 with zero padding to the same size: x [batch, height, width, channels], an odd filter
 * [size, size, channels, out]. Its gradients are convolutions as well, because the WebAssembly backend has no kernel for
 * that of the filter, and its forward convolution is the fastest way:
 * dX is dY convolved with the filter turned by 180 degrees and its channels swapped; dW is the padded X, transposed so
 * that the channels are the batch and the batch the channels, convolved with dY as a filter of the image's size.
 * `inputGradient: false` for a first layer: nothing waits for the gradient of an image.
 */
export function convolve(tf: TensorFlow, x: Tensor4D, filter: Tensor4D, inputGradient = true): Tensor4D {
  const operation = tf.customGrad((...inputs) => {
    const [image, weights, save] = inputs as unknown as [Tensor4D, Tensor4D, (tensors: Tensor[]) => void]
    save([image, weights])
    return {
      value: tf.conv2d(image, weights, 1, 'same'),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [before, used] = saved as [Tensor4D, Tensor4D]
        const dx = inputGradient ? gradientOfInput(tf, dy as Tensor4D, used) : tf.scalar(0)
        return [dx, gradientOfFilter(tf, dy as Tensor4D, before, used.shape[0])]
      },
    }
  })
  return operation(x, filter)
}

function gradientOfInput(tf: TensorFlow, dy: Tensor4D, filter: Tensor4D): Tensor4D {
  const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2])
  return tf.conv2d(dy, turned, 1, 'same')
}

function gradientOfFilter(tf: TensorFlow, dy: Tensor4D, x: Tensor4D, size: number): Tensor4D {
  const edge = (size - 1) / 2
  const padded = edge === 0 ? x : tf.pad(x, [[0, 0], [edge, edge], [edge, edge], [0, 0]]) // prettier-ignore
  const images = tf.transpose(padded, [3, 1, 2, 0])
  const filters = tf.transpose(dy, [1, 2, 0, 3])
  return tf.transpose(tf.conv2d(images, filters, 1, 'valid'), [1, 2, 0, 3])
}
