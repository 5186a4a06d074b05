import { encodeOnnx, joinParts, type GraphPart } from '../onnx/graph.ts'
import type { Calibration } from './calibration.ts'
import { derivedPart } from './derived.ts'
import type { Rule } from './figures.ts'
import type { Trial } from './search.ts'

/**
 * A fault model as an ONNX file, in float32. Input `features` [batch, columns], NaN where missing; outputs `score`
 * [batch, 1], how the likeliest fault stands against the sound state, and `probabilities` [batch, classes].
 */
export function faultGraph(
  { model, derived, calibration, rule }: Pick<Trial, 'model' | 'derived' | 'calibration' | 'rule'>,
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
      scorePart(rule),
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

/** From `logits` to `probabilities`. */
function calibrationPart({ slope, offsets }: Calibration): GraphPart {
  return {
    constants: [
      { name: 'slope', shape: [1], values: Float32Array.of(slope) },
      { name: 'offsets', shape: [offsets.length], values: Float32Array.from(offsets) },
    ],
    steps: [
      { operator: 'Mul', inputs: ['logits', 'slope'], outputs: ['stretched'] },
      { operator: 'Add', inputs: ['stretched', 'offsets'], outputs: ['calibrated'] },
      { operator: 'Softmax', inputs: ['calibrated'], outputs: ['probabilities'], attributes: { axis: 1 } },
    ],
  }
}

/** From `probabilities` to `score`: see `scoresOf`. */
function scorePart({ costs, hasSound }: Rule): GraphPart {
  const faults = costs.flatMap((_, code) => (hasSound && code === 0 ? [] : [BigInt(code)]))
  return {
    constants: [
      { name: 'costs', shape: [costs.length], values: Float32Array.from(costs) },
      { name: 'faults', shape: [faults.length], values: BigInt64Array.from(faults) },
      { name: 'sound', shape: [1], values: BigInt64Array.of(0n) },
      { name: 'has_sound', shape: [1], values: Float32Array.of(Number(hasSound)) },
    ],
    steps: [
      { operator: 'Mul', inputs: ['probabilities', 'costs'], outputs: ['weighted'] },
      { operator: 'Gather', inputs: ['weighted', 'faults'], outputs: ['weighted_faults'], attributes: { axis: 1 } },
      {
        operator: 'ReduceMax',
        inputs: ['weighted_faults'],
        outputs: ['most'],
        attributes: { axes: { ints: [1] }, keepdims: 1 },
      },
      { operator: 'Gather', inputs: ['weighted', 'sound'], outputs: ['first'], attributes: { axis: 1 } },
      { operator: 'Mul', inputs: ['first', 'has_sound'], outputs: ['soundness'] },
      { operator: 'Add', inputs: ['most', 'soundness'], outputs: ['both'] },
      { operator: 'Div', inputs: ['most', 'both'], outputs: ['score'] },
    ],
  }
}
