import { quantile } from '../../linear-algebra.ts'
import { featureCount } from './filter-bank.ts'
import { distance, fitGaussian, type Gaussian } from './gaussian.ts'
import { textureOf } from './texture.ts'

/** Places an image is described at, per side. */
export const cells = 16
const places = cells * cells
/** A place learns from those around it as well: parts never lie the same to the pixel. */
const reach = 1
/** The image's score is the mean of its highest places. */
export const highest = 10

/** Features of images, [image][feature, place]. */
export type Features = readonly Float32Array[]

/** What good images look like. */
export interface PatchModel {
  /** One for each place. */
  readonly places: readonly Gaussian[]
  /** Of mean and logarithmic deviation of each feature over the whole image: its texture. */
  readonly whole: Gaussian
  /** What a distance of one is: distances of held-out good images that few exceed. */
  readonly unit: { readonly places: number; readonly whole: number }
}

/**
 * Fits a Gaussian to the features of each place, and one to the texture of the whole image; the units come from
 * contiguous quarters of the images, each judged by a fit on the rest. Returns as well the scores of those held-out
 * judgements, by image. Source: Defard et al. (2021), "PaDiM", with a filter bank in place of the network.
 */
export function fitPatches(features: Features): { model: PatchModel; heldOut: Float64Array } {
  const folds = 4
  const parts: Parts[] = []
  for (let fold = 0; fold < folds; fold++) {
    const within = (_: unknown, i: number) => Math.floor((i * folds) / features.length) === fold
    const gaussians = fitBoth(features.filter((row, i) => !within(row, i)))
    for (const row of features.filter(within)) parts.push(distances(gaussians, row))
  }
  const unit = {
    places: quantile(parts.map((part) => part.highest), 0.95), // prettier-ignore
    whole: quantile(parts.map((part) => part.whole), 0.95), // prettier-ignore
  }
  const heldOut = Float64Array.from(parts, (part) => Math.max(part.highest / unit.places, part.whole / unit.whole))
  return { model: { ...fitBoth(features), unit }, heldOut }
}

/** Score of an image (over 1: further than nearly all good ones) and of each of its places, as the graph gives them. */
export function scorePatches(model: PatchModel, features: Float32Array): { score: number; map: Float64Array } {
  const { places, highest, whole } = distances(model, features)
  const { unit } = model
  return {
    score: Math.max(highest / unit.places, whole / unit.whole),
    map: places.map((value) => value / unit.places),
  }
}

interface Parts {
  readonly places: Float64Array
  readonly highest: number
  readonly whole: number
}

function distances(model: Pick<PatchModel, 'places' | 'whole'>, features: Float32Array): Parts {
  const row = new Float64Array(featureCount)
  const each = new Float64Array(places)
  for (let place = 0; place < places; place++) {
    for (let f = 0; f < featureCount; f++) row[f] = features[f * places + place]
    each[place] = distance(model.places[place], row)
  }
  return { places: each, highest: meanOfHighest(each), whole: distance(model.whole, textureOf(features, featureCount)) }
}

/** Mean of the `highest` values. */
export function meanOfHighest(values: Float64Array): number {
  const top = Float64Array.from(values).sort().subarray(-highest)
  return top.reduce((sum, value) => sum + value, 0) / highest
}

function fitBoth(features: Features): Pick<PatchModel, 'places' | 'whole'> {
  const size = 2 * featureCount
  const textures = new Float64Array(features.length * size)
  features.forEach((row, i) => textures.set(textureOf(row, featureCount), i * size))
  return {
    places: Array.from({ length: places }, (_, place) => fitPlace(features, place)),
    whole: fitGaussian(textures, features.length, size),
  }
}

function fitPlace(features: Features, place: number): Gaussian {
  const [y, x] = [Math.floor(place / cells), place % cells]
  const near: number[] = []
  for (let row = Math.max(0, y - reach); row <= Math.min(cells - 1, y + reach); row++) {
    for (let column = Math.max(0, x - reach); column <= Math.min(cells - 1, x + reach); column++) {
      near.push(row * cells + column)
    }
  }
  const length = features.length * near.length
  const rows = new Float64Array(length * featureCount)
  let at = 0
  for (const image of features) {
    for (const other of near) for (let f = 0; f < featureCount; f++) rows[at++] = image[f * places + other]
  }
  return fitGaussian(rows, length, featureCount)
}
