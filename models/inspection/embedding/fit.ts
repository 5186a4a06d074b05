import { calibrate, evidence, scoreOf, type Calibration } from '../evidence.ts'
import { meanOfHighest } from '../patches/fit.ts'
import { distance, fitGaussian, type Gaussian } from '../patches/gaussian.ts'
import { textureOf } from '../patches/texture.ts'
import { seededRandom } from '../../random.ts'
import { cells, places } from './features.ts'
import { gaussianOf, joined, less, sumsByPlace, type PlaceSums } from './place-sums.ts'

/** Features are projected to as many dimensions at most: distances survive it (Johnson and Lindenstrauss 1984). */
const most = 96
/** A place learns from those around it as well: parts never lie the same to the pixel. */
const reach = 1
const folds = 4

/** What good images look like through a backbone. */
export interface EmbeddingModel {
  /** [dimensions, features], of features in units of their deviation. */
  readonly projection: Float32Array
  readonly dimensions: number
  /** One for each place: for parts that lie the same. */
  readonly byPlace: readonly Gaussian[]
  /** One for all places: for scenes that lie anyhow. */
  readonly anywhere: Gaussian
  /** Of mean and logarithmic deviation of each feature over the whole image: its texture. */
  readonly whole: Gaussian
  readonly calibration: { readonly byPlace: Calibration; readonly anywhere: Calibration; readonly whole: Calibration }
}

/**
 * Fits Gaussians to features [image][feature, place] of good images; how far good ones are comes from contiguous quarters of
 * the images, each judged by a fit on the rest. Returns as well the scores of those held-out judgements, by image.
 * Sources: Defard et al. (2021), "PaDiM"; with Gaussians over all places and over the whole image beside those by place.
 */
export function fitEmbedding(features: readonly Float32Array[], seed: number) {
  const count = features[0].length / places
  const projection = randomProjection(features, count, seed)
  const dimensions = projection.length / count
  const projected = features.map((image) => project(image, projection, dimensions))
  const textures = features.map((image) => textureOf(image, count))
  const foldOf = (i: number) => Math.floor((i * folds) / features.length)
  const parts = Array.from({ length: folds }, (_, fold) =>
    sumsByPlace(projected.filter((_, i) => foldOf(i) === fold), dimensions), // prettier-ignore
  )
  const all = parts.reduce(joined)
  const distances: Distances[] = []
  for (let fold = 0; fold < folds; fold++) {
    const gaussians = { ...fitPlaces(less(all, parts[fold])), whole: fitWhole(textures.filter((_, i) => foldOf(i) !== fold)) } // prettier-ignore
    features.forEach((_, i) => {
      if (foldOf(i) === fold) distances.push(distancesOf(gaussians, projected[i], textures[i]))
    })
  }
  const calibration = {
    byPlace: calibrate(distances.map((own) => meanOfHighest(own.byPlace))),
    anywhere: calibrate(distances.map((own) => meanOfHighest(own.anywhere))),
    whole: calibrate(distances.map((own) => own.whole)),
  }
  const model: EmbeddingModel = { projection, dimensions, ...fitPlaces(all), whole: fitWhole(textures), calibration }
  return { model, heldOut: Float64Array.from(distances, (own) => scoreOf(strongest(calibration, own))) }
}

/** The score of an image by its features [feature, place], as the graph gives it. */
export function scoreEmbedding(model: EmbeddingModel, features: Float32Array): number {
  const projected = project(features, model.projection, model.dimensions)
  const texture = textureOf(features, features.length / places)
  return scoreOf(strongest(model.calibration, distancesOf(model, projected, texture)))
}

interface Distances {
  readonly byPlace: Float64Array
  readonly anywhere: Float64Array
  readonly whole: number
}

/** A defect shows in one of them, as a rule, so the strongest evidence counts. */
function strongest(calibration: EmbeddingModel['calibration'], own: Distances): number {
  return Math.max(
    evidence(calibration.byPlace, meanOfHighest(own.byPlace)),
    evidence(calibration.anywhere, meanOfHighest(own.anywhere)),
    evidence(calibration.whole, own.whole),
  )
}

function distancesOf(
  { byPlace, anywhere, whole }: Pick<EmbeddingModel, 'byPlace' | 'anywhere' | 'whole'>,
  projected: Float64Array,
  texture: Float64Array,
): Distances {
  const size = anywhere.mean.length
  const at = (place: number) => projected.subarray(place * size, (place + 1) * size)
  return {
    byPlace: Float64Array.from({ length: places }, (_, place) => distance(byPlace[place], at(place))),
    anywhere: Float64Array.from({ length: places }, (_, place) => distance(anywhere, at(place))),
    whole: distance(whole, texture),
  }
}

function fitPlaces(sums: PlaceSums): Pick<EmbeddingModel, 'byPlace' | 'anywhere'> {
  const byPlace = Array.from({ length: places }, (_, place) => {
    const [y, x] = [Math.floor(place / cells), place % cells]
    const near: number[] = []
    for (let row = Math.max(0, y - reach); row <= Math.min(cells - 1, y + reach); row++) {
      for (let column = Math.max(0, x - reach); column <= Math.min(cells - 1, x + reach); column++) {
        near.push(row * cells + column)
      }
    }
    return gaussianOf(sums, near)
  })
  return { byPlace, anywhere: gaussianOf(sums, Array.from({ length: places }, (_, place) => place)) } // prettier-ignore
}

function fitWhole(textures: readonly Float64Array[]): Gaussian {
  const size = textures[0].length
  const rows = new Float64Array(textures.length * size)
  textures.forEach((texture, i) => rows.set(texture, i * size))
  return fitGaussian(rows, textures.length, size)
}

/** Each feature divided by its deviation over all images and places, then mixed by chance. */
function randomProjection(features: readonly Float32Array[], count: number, seed: number): Float32Array {
  const dimensions = Math.min(most, count)
  const random = seededRandom(seed)
  const scale = Float64Array.from({ length: count }, (_, f) => 1 / (deviation(features, f) + 1e-6))
  const size = Math.sqrt(dimensions)
  return Float32Array.from({ length: dimensions * count }, (_, i) => (random.normal() * scale[i % count]) / size)
}

function deviation(features: readonly Float32Array[], feature: number): number {
  let [sum, squares] = [0, 0]
  for (const image of features) {
    for (let at = feature * places; at < (feature + 1) * places; at++) {
      sum += image[at]
      squares += image[at] * image[at]
    }
  }
  const length = features.length * places
  return Math.sqrt(Math.max(0, squares / length - (sum / length) ** 2))
}

/** [place, dimension] of features [feature, place]. */
function project(features: Float32Array, projection: Float32Array, dimensions: number): Float64Array {
  const count = features.length / places
  const row = new Float64Array(places)
  const projected = new Float64Array(places * dimensions)
  for (let d = 0; d < dimensions; d++) {
    row.fill(0)
    for (let f = 0; f < count; f++) {
      const weight = projection[d * count + f]
      for (let place = 0, at = f * places; place < places; place++, at++) row[place] += weight * features[at]
    }
    for (let place = 0; place < places; place++) projected[place * dimensions + d] = row[place]
  }
  return projected
}
