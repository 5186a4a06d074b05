import type { Matrix } from '../matrix.ts'
import { fitMlp, mlpGraph, type Mlp } from '../neural/index.ts'
import { joinParts, type GraphPart } from '../onnx/graph.ts'
import { fitTrees, meanOfEnsembles, treesPart, type Ensemble } from '../trees/index.ts'

/** Something that learned classes. */
export interface Member {
  /** Logits, rows x classes. */
  logits(data: Matrix): Float64Array
  /** What each column helped, where it is known. */
  readonly importance?: Float64Array
  /** Loss by step of the training. */
  readonly curve: readonly number[]
  /** What computed it. */
  readonly backend: string
}

/** Rows to learn from. */
export interface Lesson {
  readonly data: Matrix
  readonly target: Float64Array
  readonly weights: Float64Array
  readonly classes: number
  readonly seed: number
  readonly signal?: AbortSignal
}

/** A way to learn classes. Members of several folds are one model: the mean of their logits. */
export interface Learner<M extends Member = Member> {
  readonly name: string
  readonly settings: Readonly<Record<string, number | string | boolean>>
  fit(lesson: Lesson): M | Promise<M>
  mean(members: readonly M[]): Model
}

/** What a learner makes of all its members. */
export interface Model {
  logits(data: Matrix): Float64Array
  /** From float32 `input` [batch, columns] to float32 `output` [batch, classes]. */
  part(input: string, output: string): GraphPart
}

/** Rare classes have small second derivatives: a leaf may hold few of them. */
const treeSettings = { trees: 200, depth: 5, rate: 0.1, minChildWeight: 0.1 }

interface TreesMember extends Member {
  readonly ensemble: Ensemble
}

/** Boosted trees; two classes are one margin, more are one each. */
export const boostedTrees: Learner<TreesMember> = {
  name: 'gradient-boosting',
  settings: treeSettings,
  fit: ({ data, target, weights, classes, seed, signal }) => {
    const objective = classes === 2 ? 'logistic' : 'softmax'
    const options = { objective, ...(classes > 2 && { classes }), ...treeSettings, seed } as const
    const ensemble = fitTrees(data, target, options, { weights, signal })
    return {
      ensemble,
      importance: ensemble.importance,
      curve: [],
      backend: 'none',
      logits: (rows) => treeLogits(ensemble, rows),
    }
  },
  mean: (members) => {
    const ensemble = meanOfEnsembles(members.map((member) => member.ensemble))
    return {
      logits: (data) => treeLogits(ensemble, data),
      part: (input, output) =>
        ensemble.outputs > 1
          ? treesPart(ensemble, input, output)
          : binaryPart(treesPart(ensemble, input, 'margin'), output),
    }
  },
}

function treeLogits(ensemble: Ensemble, data: Matrix): Float64Array {
  const margins = ensemble.predict(data)
  if (ensemble.outputs > 1) return margins
  return Float64Array.from({ length: data.rows * 2 }, (_, at) => (at % 2 === 0 ? 0 : margins[at >> 1]))
}

/** One margin as the logits of two classes: 0 for the sound state. */
function binaryPart(margins: GraphPart, output: string): GraphPart {
  return joinParts(margins, {
    constants: [{ name: 'nothing', shape: [1], values: Float32Array.of(0) }],
    steps: [
      { operator: 'Mul', inputs: ['margin', 'nothing'], outputs: ['sound_margin'] },
      { operator: 'Concat', inputs: ['sound_margin', 'margin'], outputs: [output], attributes: { axis: 1 } },
    ],
  })
}

interface NetworkMember extends Member {
  readonly network: Mlp
}

const networkSettings = { hidden: [64, 32], dropout: 0.2, epochs: 40, batch: 256 }

/** Keeps the logarithm of a probability finite. */
const tiny = Math.fround(1e-7)

/** A multilayer perceptron. */
export const perceptron: Learner<NetworkMember> = {
  name: 'mlp',
  settings: { ...networkSettings, hidden: networkSettings.hidden.join('-') },
  fit: async ({ data, target, weights, classes, seed, signal }) => {
    const network = await fitMlp(
      data,
      target,
      { task: 'classification', classes, ...networkSettings, seed },
      { weights, signal },
    )
    return {
      network,
      curve: network.curve.training,
      backend: network.backend,
      logits: (rows) => network.predict(rows).map((share) => Math.log(share + tiny)),
    }
  },
  mean: (members) => ({
    logits: (data) => {
      const sum = new Float64Array(data.rows * members[0].network.outputs)
      for (const member of members) member.logits(data).forEach((value, at) => (sum[at] += value / members.length))
      return sum
    },
    part: (input, output) =>
      networksPart(
        members.map(({ network }) => network),
        input,
        output,
      ),
  }),
}

function networksPart(networks: readonly Mlp[], input: string, output: string): GraphPart {
  const parts = networks.map((network, at) => {
    const prefix = `network${at + 1}`
    const shares = `${prefix}_shares`
    return joinParts(mlpGraph(network, { input, output: shares, prefix }), {
      constants: [],
      steps: [
        { operator: 'Add', inputs: [shares, 'tiny'], outputs: [`${shares}_above`] },
        { operator: 'Log', inputs: [`${shares}_above`], outputs: [`${prefix}_logits`] },
      ],
    })
  })
  return joinParts(...parts, {
    constants: [{ name: 'tiny', shape: [1], values: Float32Array.of(tiny) }],
    steps: [{ operator: 'Mean', inputs: networks.map((_, at) => `network${at + 1}_logits`), outputs: [output] }],
  })
}
