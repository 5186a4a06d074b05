import { encodeOnnx, joinParts, type GraphPart } from '../onnx/graph.ts'
import type { Calibration } from './calibration.ts'
import { derivedPart } from './derived.ts'
import type { Trial } from './search.ts'

/**
 * A fault model as an ONNX file, in float32. Input `features` [batch, columns], NaN where missing; outputs `score`
 * [batch, 1], the probability of any fault, and `probabilities` [batch, classes].
 */
export function faultGraph(
  { model, derived, calibration }: Pick<Trial, 'model' | 'derived' | 'calibration'>,
  names: readonly string[],
  classes: readonly string[],
  monitor: string,
): Uint8Array {
  const columns = derived.length > 0 ? 'columns' : 'features'
  return encodeOnnx({
    name: 'fault',
    inputs: [{ name: 'features', shape: ['batch', names.length], type: 'float32' }],
    outputs: [
      { name: 'score', shape: ['batch', 1], type: 'float32' },
      { name: 'probabilities', shape: ['batch', classes.length], type: 'float32' },
    ],
    ...joinParts(
      ...(derived.length > 0 ? [derivedPart(derived, 'features', columns)] : []),
      model.part(columns, 'logits'),
      calibrationPart(calibration),
    ),
    metadata: {
      'millwright.format': '1',
      'millwright.type': 'fault',
      'millwright.monitor': monitor,
      'millwright.features': JSON.stringify(names),
      'millwright.classes': JSON.stringify(classes),
    },
  })
}

/** From `logits` to `probabilities` and `score`. */
function calibrationPart({ slope, offsets }: Calibration): GraphPart {
  return {
    constants: [
      { name: 'slope', shape: [1], values: Float32Array.of(slope) },
      { name: 'offsets', shape: [offsets.length], values: Float32Array.from(offsets) },
      { name: 'sound', shape: [1], values: BigInt64Array.of(0n) },
      { name: 'certain', shape: [1], values: Float32Array.of(1) },
    ],
    steps: [
      { operator: 'Mul', inputs: ['logits', 'slope'], outputs: ['stretched'] },
      { operator: 'Add', inputs: ['stretched', 'offsets'], outputs: ['calibrated'] },
      { operator: 'Softmax', inputs: ['calibrated'], outputs: ['probabilities'], attributes: { axis: 1 } },
      { operator: 'Gather', inputs: ['probabilities', 'sound'], outputs: ['soundness'], attributes: { axis: 1 } },
      { operator: 'Sub', inputs: ['certain', 'soundness'], outputs: ['score'] },
    ],
  }
}
