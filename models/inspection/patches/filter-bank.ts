import { GraphBuilder, type FoldedConvolution } from '../network/layers.ts'

/** Rows and columns of a filter. */
const size = 7
const orientations = 4
/** Images of full, half and quarter resolution are filtered alike. */
export const levels = 3
/** Keeps the logarithm of an energy finite; a hundredth of a grey level or so. */
const floor = 1e-3

/** Derivatives of a Gaussian: first (edges) and second (lines) in four directions, and the Laplacian (spots). */
export const filterCount = 2 * orientations + 1
/** Features by place: energies of every filter and the mean brightness of every level. */
export const featureCount = levels * filterCount + levels

/** Filters [7, 7, 1, 9], each without response to even brightness and of absolute sum 1. */
export function filterBank(deviation = 1.2): FoldedConvolution {
  const filter = new Float32Array(size * size * filterCount)
  for (let f = 0; f < filterCount; f++) {
    const values = Float64Array.from({ length: size * size }, (_, cell) =>
      response(f, (cell % size) - (size - 1) / 2, Math.floor(cell / size) - (size - 1) / 2, deviation),
    )
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const absolute = values.reduce((sum, value) => sum + Math.abs(value - mean), 0)
    values.forEach((value, cell) => (filter[cell * filterCount + f] = (value - mean) / absolute))
  }
  return { filter, bias: new Float32Array(filterCount), size, input: 1, output: filterCount }
}

function response(filter: number, x: number, y: number, deviation: number): number {
  const bell = Math.exp(-(x * x + y * y) / (2 * deviation * deviation))
  if (filter === 2 * orientations) return bell * (2 - (x * x + y * y) / (deviation * deviation))
  const angle = ((filter % orientations) * Math.PI) / orientations
  const along = (x * Math.cos(angle) + y * Math.sin(angle)) / deviation
  return filter < orientations ? bell * along : bell * (along * along - 1)
}

/**
 * Adds the steps from a grey image [batch, 1, n, n], 0 to 1, to features [batch, features, cells, cells]: the logarithm
 * of the mean absolute response of each filter around each of `cells` x `cells` places, at three resolutions, and the
 * mean brightness there. Windows overlap by half. `cells` divides a quarter of n.
 */
export function addFilterBank(builder: GraphBuilder, image: string, n: number, cells: number): string {
  const bank = filterBank()
  const small = builder.constant([1], Float32Array.of(floor))
  const parts: string[] = []
  for (let level = 0, x = image; level < levels; level++) {
    const stride = n / 2 ** level / cells
    const padded = builder.add('Pad', [x, builder.constant([8], BigInt64Array.of(0n, 0n, 3n, 3n, 0n, 0n, 3n, 3n))], {
      mode: 'reflect',
    })
    const energy = builder.add('Abs', [builder.filter(padded, bank)])
    parts.push(builder.add('Log', [builder.add('Add', [around(builder, energy, stride), small])]))
    parts.push(around(builder, x, stride))
    if (level < levels - 1)
      x = builder.add('AveragePool', [x], { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } })
  }
  return builder.add('Concat', parts, { axis: 1 })
}

/** Means over windows of twice the stride, one for each stride. */
function around(builder: GraphBuilder, x: string, stride: number): string {
  const edge = Math.floor(stride / 2)
  const window = 2 * edge + stride
  return builder.add('AveragePool', [x], {
    kernel_shape: { ints: [window, window] },
    strides: { ints: [stride, stride] },
    pads: { ints: [edge, edge, edge, edge] },
  })
}
