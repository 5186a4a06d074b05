import type { Matrix } from '../matrix.ts'
import { denseGraph, fitAutoencoder, type Autoencoder } from '../neural/index.ts'
import { joinParts, renamed, type GraphPart } from '../onnx/graph.ts'
import { thin } from './blocks.ts'
import { shrunk } from './hotelling-t2.ts'
import type { Method, NormalRows, Scorer } from './method.ts'
import { learnQuadratic } from './quadratic.ts'

/** Rows that the network learns from at most, and what it looks at to stop: two tenths, each in one piece. */
const mostRows = 4000
const tenths = 10
const validationTenths = [2, 7]
/** Steps of learning that a training may take, however few or many rows there are. */
const mostEpochs = 60
/** The network is not given anything beyond: its weights know nothing of it. */
const furthest = 10

/**
 * A dense autoencoder, 32-8-32: what it cannot give back of a window is not normal. The errors of features hang together,
 * as an error in one of them is smeared over the others, so they are measured by Hotelling's T² in turn.
 */
export const autoencoder: Method = {
  name: 'autoencoder',
  meaning:
    "The score is Hotelling's T² of the errors of a neural network that learned to give back normal windows through a narrow layer. About as much as there are features is ordinary.",
  leastRows: 1000,
  mostRows: () => mostRows,
  learn: async (rows, { seed, signal }) => {
    const { learned, judged } = split(rows)
    const narrow = Math.min(8, Math.ceil(rows.size / 2))
    const options = { seed, epochs: mostEpochs, hidden: [32, narrow, 32] }
    const network = await fitAutoencoder(learned, options, { validation: judged, signal })
    return new NetworkScorer(rows, network)
  },
}

function split({ length, size, values }: NormalRows): { learned: Matrix; judged: Matrix } {
  const isJudged = (row: number) => validationTenths.includes(Math.floor((row * tenths) / length))
  const all = thin(
    Uint32Array.from({ length }, (_, row) => row),
    mostRows,
  )
  return { learned: matrixOf(all.filter((row) => !isJudged(row)), size, values), judged: matrixOf(all.filter(isJudged), size, values) } // prettier-ignore
}

function matrixOf(rows: Uint32Array, columns: number, values: Float64Array): Matrix {
  const result = new Float32Array(rows.length * columns)
  rows.forEach((row, i) => {
    for (let j = 0; j < columns; j++) result[i * columns + j] = within(values[row * columns + j])
  })
  return { rows: rows.length, columns, values: result }
}

function within(value: number): number {
  return Math.max(-furthest, Math.min(furthest, value))
}

class NetworkScorer implements Scorer {
  readonly metrics: Readonly<Record<string, number>>
  readonly scalars
  readonly backend: string
  readonly #size: number
  readonly #network: Autoencoder
  readonly #errors: Scorer

  constructor(rows: NormalRows, network: Autoencoder) {
    const { curve, backend } = network
    this.#size = rows.size
    this.#network = network
    const values = this.#errorsOf(rows)
    const mode = new Int32Array(rows.length)
    this.#errors = learnQuadratic({ ...rows, values, mode, modes: 1 }, shrunk)
    const squares = values.reduce((sum, error) => sum + error * error, 0)
    this.metrics = { ...this.#errors.metrics, reconstruction_error: squares / values.length, epochs: curve.training.length } // prettier-ignore
    this.backend = backend
    this.scalars = (['training', 'validation'] as const).flatMap((name) =>
      curve[name].map((value, step) => ({ tag: `autoencoder/${name}-loss`, step, value })),
    )
  }

  score(rows: Pick<NormalRows, 'length' | 'values' | 'mode'>): Float64Array {
    return this.#errors.score({ ...rows, values: this.#errorsOf(rows) })
  }

  terms(row: Float64Array): Float64Array {
    return this.#errors.terms(this.#errorsOf({ length: 1, values: row }), 0)
  }

  /** What is left of each value, row-major. What is further off than the network may see stays in full. */
  #errorsOf({ length, values }: Pick<NormalRows, 'length' | 'values'>): Float64Array {
    const every = Uint32Array.from({ length }, (_, row) => row)
    const given = this.#network.reconstruct(matrixOf(every, this.#size, values)).values
    return values.map((value, i) => value - given[i])
  }

  graph(): GraphPart {
    const dense = denseGraph(this.#network.layers, { input: 'seen', output: 'given', prefix: 'network' }, 'float64')
    const before: GraphPart = {
      constants: [
        { name: 'least_seen', shape: [], values: Float64Array.of(-furthest) },
        { name: 'most_seen', shape: [], values: Float64Array.of(furthest) },
      ],
      steps: [{ operator: 'Clip', inputs: ['rows', 'least_seen', 'most_seen'], outputs: ['seen'] }],
    }
    const after: GraphPart = {
      constants: [],
      steps: [{ operator: 'Sub', inputs: ['rows', 'given'], outputs: ['errors'] }],
    }
    return joinParts(before, dense, after, renamed(this.#errors.graph(), { rows: 'errors' }))
  }
}
