import { encodeOnnx, type Port } from '../onnx/graph.ts'
import { spliceOnnx } from '../onnx/splice.ts'
import type { Fitted } from './candidates.ts'
import { evidence, leastEvidence, scoreOf, type Calibration } from './evidence.ts'
import { addEvidence, addMean, addScore, number } from './evidence-graph.ts'
import { spreadRows } from './images.ts'
import { GraphBuilder } from './network/layers.ts'

/** A method of good images with how its scores lie for good ones that it did not learn from. */
export interface Member {
  /** Takes the same images as the other members. */
  readonly fitted: Fitted
  /** Of the logarithms of its scores. */
  readonly calibration: Calibration
}

/** The score of several by their own scores: the mean of their evidence. Each is as likely to see what another does not. */
export function combinedScore(scores: readonly number[], calibrations: readonly Calibration[]): number {
  const sum = scores.reduce((total, score, i) => total + Math.max(leastEvidence, evidence(calibrations[i], Math.log(score))), 0) // prettier-ignore
  return scoreOf(sum / scores.length)
}

/** Several methods as one, by the mean of their calibrated evidence: one graph with all of them. */
export function combine(members: readonly Member[]): Fitted {
  const calibrations = members.map(({ calibration }) => calibration)
  const [{ fitted: first }] = members
  const heldOut = heldOutBy(members)
  return {
    input: first.input,
    ...(heldOut && { heldOut }),
    cells: Math.max(...members.map(({ fitted }) => fitted.cells!)),
    onnx: spliceOnnx([
      ...members.map(({ fitted }, i) => ({ onnx: fitted.onnx, what: `method ${i + 1}`, feeds: { image: 'image' } })),
      {
        onnx: fusion(members),
        what: 'the combination',
        feeds: Object.fromEntries(members.flatMap((_, i) => ['score', 'map'].map((name) => [`${name}${i}`, `${i}.${name}`]))), // prettier-ignore
      },
    ]),
    answers: async (set) => {
      const answers = await Promise.all(members.map(({ fitted }) => fitted.answers(set)))
      return answers[0].map((_, row) => [combinedScore(answers.map((own) => own[row][0]), calibrations)]) // prettier-ignore
    },
  }
}

/** Scores of images that every fit held out; a method that looked at fewer images looked at evenly spaced ones. */
function heldOutBy(members: readonly Member[]): Float64Array | undefined {
  const each = members.flatMap(({ fitted }) => (fitted.heldOut ? [fitted.heldOut] : []))
  if (each.length < members.length) return undefined
  const calibrations = members.map(({ calibration }) => calibration)
  const fewest = Math.min(...each.map(({ length }) => length))
  const rows = each.map(({ length }) => spreadRows(length, fewest))
  return Float64Array.from(
    { length: fewest },
    (_, i) =>
    combinedScore(each.map((own, member) => own[rows[member][i]]), calibrations), // prettier-ignore
  )
}

/** `scoreN` [batch] and `mapN` [batch, rows, columns] of each to `score` and `map`, the latter as fine as the finest. */
function fusion(members: readonly Member[]): Uint8Array {
  const builder = new GraphBuilder()
  const sizes = members.map(({ fitted }) => fitted.cells!)
  const finest = Math.max(...sizes)
  const found = (value: string, calibration: Calibration) => {
    const own = addEvidence(builder, builder.add('Log', [value]), calibration)
    return builder.add('Max', [own, number(builder, leastEvidence)])
  }
  const inputs = sizes.flatMap((cells, i): Port[] => [
    { name: `score${i}`, type: 'float32', shape: ['batch'] },
    { name: `map${i}`, type: 'float32', shape: ['batch', cells, cells] },
  ])
  const scores = members.map(({ calibration }, i) => found(`score${i}`, calibration))
  const maps = members.map(({ calibration }, i) => {
    const cells = sizes[i]
    const own = found(`map${i}`, calibration)
    if (cells === finest) return own
    const square = builder.add('Reshape', [own, builder.constant([4], BigInt64Array.of(-1n, 1n, BigInt(cells), BigInt(cells)))]) // prettier-ignore
    const scales = builder.constant([4], Float32Array.of(1, 1, finest / cells, finest / cells))
    const finer = builder.add('Resize', [square, '', scales], { mode: 'linear' })
    return builder.add('Reshape', [finer, builder.constant([3], BigInt64Array.of(-1n, BigInt(finest), BigInt(finest)))])
  })
  const outputs = [
    {
      of: addScore(builder, addMean(builder, scores)),
      port: { name: 'score', type: 'float32', shape: ['batch'] } as const,
    },
    { of: addScore(builder, addMean(builder, maps)), port: { name: 'map', type: 'float32', shape: ['batch', finest, finest] } as const }, // prettier-ignore
  ]
  return encodeOnnx(builder.finish('combination', inputs, outputs))
}
