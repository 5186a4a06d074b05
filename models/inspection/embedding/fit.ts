import { calibrate, evidence, scoreOf, type Calibration } from '../evidence.ts'
import { meanOfHighest } from '../patches/fit.ts'
import { distance, fitGaussian, type Gaussian } from '../patches/gaussian.ts'
import { textureOf } from '../patches/texture.ts'
import { quantile } from '../../linear-algebra.ts'
import { seededRandom } from '../../random.ts'
import { cells, places } from './features.ts'
import { gaussianOf, joined, less, sumsByPlace, type PlaceSums } from './place-sums.ts'

/** Features are projected to as many dimensions at most: distances survive it (Johnson and Lindenstrauss 1984). */
const most = 96
/** A place learns from those around it as well: parts never lie the same to the pixel. */
const reach = 1
const folds = 4

/** What good images look like through a backbone. */
export interface EmbeddingModel extends Gaussians {
  /** [dimensions, features], of features in units of their deviation. */
  readonly projection: Float32Array
  readonly dimensions: number
  /** What distances are multiplied by at each place: some, such as corners, are far off in every image. */
  readonly even: Evening
  readonly calibration: Calibrations
}

interface Evening {
  readonly byPlace: Float64Array
  readonly anywhere: Float64Array
}

interface Gaussians {
  /** One for each place: for parts that lie the same. */
  readonly byPlace: readonly Gaussian[]
  /** One for all places: for scenes that lie anyhow. */
  readonly anywhere: Gaussian
  /** Of mean and logarithmic deviation of the features of each layer over the whole image: its texture. */
  readonly whole: readonly Gaussian[]
}

/** Of logarithms of distances, and of the evidence that is the mean of several. */
interface Calibrations {
  readonly byPlace: Calibration
  readonly anywhere: Calibration
  readonly whole: readonly Calibration[]
  /** Of the mean of `byPlace` and `anywhere`. */
  readonly local: Calibration
  /** Of the mean over the layers. */
  readonly texture: Calibration
}

/** Features of one image: projected [place, dimension], and the texture by layer. */
interface Description {
  readonly projected: Float64Array
  readonly textures: readonly Float64Array[]
}

/**
 * Fits Gaussians to features [image][feature, place] of good images, `layers` of so many features each; how far good ones
 * are comes from contiguous quarters of the images, each judged by a fit on the rest. Returns as well the scores of those
 * held-out judgements, by image.
 * Source: Defard et al. (2021), "PaDiM", with Gaussians over all places and over the whole image beside those by place.
 */
export function fitEmbedding(features: readonly Float32Array[], layers: readonly number[], seed: number) {
  const projection = randomProjection(features, features[0].length / places, seed)
  const dimensions = (projection.length * places) / features[0].length
  const all = features.map((image) => describe(image, layers, projection, dimensions))
  const foldOf = (i: number) => Math.floor((i * folds) / features.length)
  const of = (fold: number, inside: boolean) => all.filter((_, i) => (foldOf(i) === fold) === inside)
  const parts = Array.from({ length: folds }, (_, fold) => sumsByPlace(of(fold, true).map(({ projected }) => projected), dimensions)) // prettier-ignore
  const sums = parts.reduce(joined)
  const apart = parts.flatMap((part, fold) => {
    const gaussians = { ...fitPlaces(less(sums, part)), whole: fitTextures(of(fold, false)) }
    return of(fold, true).map((own) => distancesOf(gaussians, own))
  })
  const even = { byPlace: evened(apart.map((own) => own.byPlace)), anywhere: evened(apart.map((own) => own.anywhere)) }
  const distances = apart.map((own) => summary(own, even))
  const calibration = calibrations(distances)
  const model: EmbeddingModel = {
    projection,
    dimensions,
    ...fitPlaces(sums),
    whole: fitTextures(all),
    even,
    calibration,
  }
  return { model, heldOut: Float64Array.from(distances, (own) => scoreOf(strongest(calibration, own))) }
}

/** The score of an image by its features [feature, place], as the graph gives it. */
export function scoreEmbedding(model: EmbeddingModel, features: Float32Array): number {
  const layers = model.whole.map(({ mean }) => mean.length / 2)
  const own = describe(features, layers, model.projection, model.dimensions)
  return scoreOf(strongest(model.calibration, summary(distancesOf(model, own), model.even)))
}

/** By place, and of the texture of each layer. */
interface PlaceDistances {
  readonly byPlace: Float64Array
  readonly anywhere: Float64Array
  readonly whole: readonly number[]
}

/** Logarithms, of the highest places. */
interface Distances {
  readonly byPlace: number
  readonly anywhere: number
  readonly whole: readonly number[]
}

function calibrations(distances: readonly Distances[]): Calibrations {
  const byPlace = calibrate(distances.map((own) => own.byPlace))
  const anywhere = calibrate(distances.map((own) => own.anywhere))
  const whole = distances[0].whole.map((_, layer) => calibrate(distances.map((own) => own.whole[layer])))
  const local = calibrate(distances.map((own) => localEvidence({ byPlace, anywhere }, own)))
  const texture = calibrate(distances.map((own) => textureEvidence({ whole }, own)))
  return { byPlace, anywhere, whole, local, texture }
}

function localEvidence({ byPlace, anywhere }: Pick<Calibrations, 'byPlace' | 'anywhere'>, own: Distances): number {
  return (evidence(byPlace, own.byPlace) + evidence(anywhere, own.anywhere)) / 2
}

function textureEvidence({ whole }: Pick<Calibrations, 'whole'>, own: Distances): number {
  return whole.reduce((sum, layer, i) => sum + evidence(layer, own.whole[i]), 0) / whole.length
}

/** Looks at the same thing are averaged; a defect is local or all over, as a rule, so the stronger of these counts. */
function strongest(calibration: Calibrations, own: Distances): number {
  const { local, texture } = calibration
  return Math.max(
    evidence(local, localEvidence(calibration, own)),
    evidence(texture, textureEvidence(calibration, own)),
  )
}

function distancesOf({ byPlace, anywhere, whole }: Gaussians, { projected, textures }: Description): PlaceDistances {
  const size = anywhere.mean.length
  const each = (gaussian: (place: number) => Gaussian) =>
    Float64Array.from({ length: places }, (_, place) => distance(gaussian(place), projected.subarray(place * size, (place + 1) * size))) // prettier-ignore
  return {
    byPlace: each((place) => byPlace[place]),
    anywhere: each(() => anywhere),
    whole: whole.map((layer, i) => distance(layer, textures[i])),
  }
}

function summary({ byPlace, anywhere, whole }: PlaceDistances, even: Evening): Distances {
  return {
    byPlace: Math.log(meanOfHighest(byPlace.map((value, place) => value * even.byPlace[place]))),
    anywhere: Math.log(meanOfHighest(anywhere.map((value, place) => value * even.anywhere[place]))),
    whole: whole.map(Math.log),
  }
}

/**
 * Factors that make distances of good images alike at all places, in the middle and in the upper tail: where good images are
 * far off always (corners), or now and then (what moves in the background), a distance says less.
 */
function evened(distances: readonly Float64Array[]): Float64Array {
  const factors = [0.5, 0.98].map((share) => {
    const levels = Float64Array.from({ length: places }, (_, place) => quantile(distances.map((own) => own[place]), share)) // prettier-ignore
    const usual = quantile(levels, 0.5)
    return levels.map((level) => usual / level)
  })
  return factors[0].map((factor, place) => Math.min(factor, factors[1][place]))
}

function describe(
  image: Float32Array,
  layers: readonly number[],
  projection: Float32Array,
  dimensions: number,
): Description {
  // prettier-ignore
  let from = 0
  const textures = layers.map((count) => textureOf(image.subarray(from * places, (from += count) * places), count))
  return { projected: project(image, projection, dimensions), textures }
}

function fitPlaces(sums: PlaceSums): Pick<Gaussians, 'byPlace' | 'anywhere'> {
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

function fitTextures(images: readonly Description[]): Gaussian[] {
  return images[0].textures.map(({ length: size }, layer) => {
    const rows = new Float64Array(images.length * size)
    images.forEach(({ textures }, i) => rows.set(textures[layer], i * size))
    return fitGaussian(rows, images.length, size)
  })
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
