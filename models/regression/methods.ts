import { crossProduct, inverseCholesky } from '../linear-algebra.ts'
import type { Matrix } from '../matrix.ts'
import { fitMlp, mlpGraph, type Mlp } from '../neural/index.ts'
import { applyLayers } from '../neural/layers.ts'
import { fitInputScaling, scaleInputs } from '../neural/scaling.ts'
import type { GraphPart } from '../onnx/graph.ts'
import { fitTrees, treesPart } from '../trees/index.ts'

/** Rows with the number that is to be told of each. */
export interface Examples {
  readonly data: Matrix
  readonly target: Float64Array
}

/** A fitted model of one number. */
export interface Regressor {
  predict(data: Matrix): Float64Array
  /** The same as a part of a graph: reads `input` [batch, columns] float32 with NaN where missing, writes `output` [batch, 1] float32. */
  part(input: string, output: string): GraphPart
  /** Loss by round or epoch, where it has one. */
  readonly curve: readonly number[]
  /** What computed it: `wasm` ...; `none` for linear algebra and trees. */
  readonly backend: string
}

/** A way to fit, with its hyperparameters. */
export interface Method {
  readonly name: string
  readonly settings: Readonly<Record<string, number | string | boolean>>
  fit(examples: Examples, seed: number, signal?: AbortSignal): Promise<Regressor>
}

/** Shapes of trees that are tried, in this order. */
const treeShapes = [
  { depth: 4, rate: 0.04, columnShare: 0.3 },
  { depth: 6, rate: 0.03, columnShare: 0.3 },
  { depth: 3, rate: 0.08, columnShare: 0.6 },
] as const

/** Rows for each row that a leaf needs at least, within the bounds. */
const rowsPerLeafRow = 400
const leafBounds = { least: 3, most: 50 } as const

/** What is tried for a table of so many rows: trees first, since a budget may end the trial early. */
export function methodsFor(rows: number): Method[] {
  const minChildWeight = Math.max(leafBounds.least, Math.min(leafBounds.most, Math.round(rows / rowsPerLeafRow)))
  const trees = treeShapes.map((shape) => boosted({ trees: 400, rowShare: 0.5, minChildWeight, ...shape }))
  return [...trees, ridge, perceptron]
}

function boosted(settings: Readonly<Record<string, number>>): Method {
  return {
    name: `gradient-boosting, depth ${settings.depth}`,
    settings,
    fit: ({ data, target }, seed, signal) => {
      const losses: number[] = []
      const trees = fitTrees(data, target, { objective: 'squared', ...settings, seed }, { signal })
      return Promise.resolve({
        predict: (rows: Matrix) => trees.predict(rows),
        part: (input: string, output: string) => treesPart(trees, input, output),
        curve: losses,
        backend: 'none',
      })
    },
  }
}

/** Penalties that leave-one-out validation chooses from, per row. */
const penalties = [1e-4, 1e-3, 1e-2, 1e-1, 1]

const ridge: Method = {
  name: 'ridge',
  settings: { penalty: 'by leave-one-out' },
  fit: (examples) => Promise.resolve(networkOf(fitRidge(examples), [], 'none')),
}

const perceptron: Method = {
  name: 'perceptron, 128-64',
  settings: { hidden: '128-64', dropout: 0.2, rate: 3e-3 },
  fit: async ({ data, target }, seed, signal) => {
    // Some 1,400 steps, where there are rows enough.
    const batch = Math.max(16, Math.min(256, 2 ** Math.round(Math.log2(data.rows / 70))))
    const mlp = await fitMlp(data, target, { task: 'regression', batch, seed }, { signal })
    return networkOf(mlp, mlp.curve.training, mlp.backend)
  },
}

function networkOf(network: Pick<Mlp, 'scaling' | 'layers'>, curve: readonly number[], backend: string): Regressor {
  return {
    predict: (rows) => Float64Array.from(applyLayers(network.layers, scaleInputs(network.scaling, rows)).values),
    part: (input, output) => mlpGraph(network as Mlp, { input, output, prefix: `${output}_network` }),
    curve,
    backend,
  }
}

/** Ridge regression, whose penalty has the least leave-one-out error (Golub, Heath and Wahba 1979), as a network of one layer. */
function fitRidge({ data, target }: Examples): Pick<Mlp, 'scaling' | 'layers'> {
  const scaling = fitInputScaling(data)
  const { rows, columns } = data
  const scaled = Float64Array.from(scaleInputs(scaling, data).values)
  const mean = target.reduce((sum, value) => sum + value, 0) / rows
  const gram = crossProduct(scaled, rows, columns)
  const products = new Float64Array(columns)
  for (let row = 0, at = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) products[j] += scaled[at++] * (target[row] - mean)
  }
  let best: { error: number; weights: Float64Array } = { error: Infinity, weights: new Float64Array(columns) }
  for (const penalty of penalties) {
    const penalised = gram.slice()
    for (let j = 0; j < columns; j++) penalised[j * columns + j] += penalty * rows
    const inverse = inverseCholesky(penalised, columns)
    if (!inverse) continue
    const weights = solve(inverse, products, columns)
    const error = leaveOneOut({ scaled, target, mean, weights, inverse, rows, columns })
    if (error < best.error) best = { error, weights }
  }
  const layer = { inputs: columns, outputs: 1, activation: 'linear' as const }
  return {
    scaling,
    layers: [{ ...layer, weights: Float32Array.from(best.weights), bias: Float32Array.of(mean) }],
  }
}

/** (LLᵀ)⁻¹ b from the inverse of L. */
function solve(inverse: Float64Array, b: Float64Array, size: number): Float64Array {
  const half = new Float64Array(size)
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) half[i] += inverse[i * size + j] * b[j]
  const x = new Float64Array(size)
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) x[j] += inverse[i * size + j] * half[i]
  return x
}

interface RidgeFit {
  readonly scaled: Float64Array
  readonly target: Float64Array
  readonly mean: number
  readonly weights: Float64Array
  /** Inverse of the Cholesky factor of the penalised cross product. */
  readonly inverse: Float64Array
  readonly rows: number
  readonly columns: number
}

/** Mean square of the residuals that each row would have had in a fit without it. */
function leaveOneOut({ scaled, target, mean, weights, inverse, rows, columns }: RidgeFit): number {
  let sum = 0
  for (let row = 0; row < rows; row++) {
    const at = row * columns
    let residual = target[row] - mean
    let leverage = 1 / rows
    for (let i = 0; i < columns; i++) {
      residual -= weights[i] * scaled[at + i]
      let part = 0
      for (let j = 0; j <= i; j++) part += inverse[i * columns + j] * scaled[at + j]
      leverage += part * part
    }
    sum += (residual / Math.max(1 - leverage, 1e-3)) ** 2
  }
  return sum / rows
}
