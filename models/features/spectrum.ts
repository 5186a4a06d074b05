import FFT from 'fft.js'
import type { SeriesView } from '../../agent/core/index.ts'

/** Samples of one transform; frequencies are counted in its steps, 1/2048 of the sampling rate. */
export const segment = 2048
/** A shorter run of evenly spaced samples has no spectrum. */
const leastSamples = 256

export const bandCount = 32
export const envelopeCount = 64

const transform = new FFT(segment)
const input = new Float64Array(segment)
const complex = new Float64Array(2 * segment)
const output = new Float64Array(2 * segment)
const power = new Float64Array(segment / 2 + 1)
const gaps = new Float64Array(32)

/** Below this a band counts as silent: the logarithm needs an end. Square of the tag's unit. */
const floor = 1e-12

/**
 * Energy in 32 bands, as the base-10 logarithm of the mean square (unit²). Band edges lie evenly on a logarithmic scale over the ten
 * octaves below half the sampling rate. Hann window, mean of the segments of 2,048 samples (Welch 1967). NaN without a spectrum.
 */
export function bandEnergies(view: SeriesView, out: Float64Array, at: number): void {
  power.fill(0)
  const segments = forEachSegment(view, (length) => {
    const gain = hann(length)
    for (let i = 0; i < segment; i++) {
      complex[2 * i] = input[i]
      complex[2 * i + 1] = 0
    }
    transform.transform(output, complex)
    const scale = 2 / (segment * gain)
    for (let k = 1; k <= segment / 2; k++) power[k] += (output[2 * k] ** 2 + output[2 * k + 1] ** 2) * scale
  })
  for (let band = 0; band < bandCount; band++) {
    out[at + band] = segments === 0 ? NaN : Math.log10(Math.max(floor, bandPower(band) / segments))
  }
}

/**
 * Amplitudes (unit) of the envelope at 1 to 64 times 1/2048 of the sampling rate. The envelope is the magnitude of the
 * analytic signal (Gabor 1946); its spectrum shows bearing frequencies (Randall, Antoni 2011, Rolling element bearing diagnostics).
 */
export function envelopeSpectrum(view: SeriesView, out: Float64Array, at: number): void {
  power.fill(0)
  const segments = forEachSegment(view, (length) => {
    envelopeOf(length)
    const gain = removeMeanAndHann(length)
    for (let i = 0; i < segment; i++) {
      complex[2 * i] = input[i]
      complex[2 * i + 1] = 0
    }
    transform.transform(output, complex)
    for (let k = 1; k <= envelopeCount; k++) power[k] += (2 * Math.hypot(output[2 * k], output[2 * k + 1])) / gain
  })
  for (let k = 1; k <= envelopeCount; k++) out[at + k - 1] = segments === 0 ? NaN : power[k] / segments
}

/** Replaces `input` by the magnitude of its analytic signal. */
function envelopeOf(length: number): void {
  for (let i = 0; i < segment; i++) {
    complex[2 * i] = input[i]
    complex[2 * i + 1] = 0
  }
  transform.transform(output, complex)
  for (let k = 1; k < segment / 2; k++) {
    output[2 * k] *= 2
    output[2 * k + 1] *= 2
  }
  output.fill(0, segment + 2)
  transform.inverseTransform(complex, output)
  for (let i = 0; i < segment; i++) input[i] = i < length ? Math.hypot(complex[2 * i], complex[2 * i + 1]) : 0
}

/** Weights `input`, in place, by the Hann window; returns the sum of the squared weights. */
function hann(length: number): number {
  let squares = 0
  for (let i = 0; i < length; i++) {
    const weight = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length)
    input[i] *= weight
    squares += weight * weight
  }
  return squares
}

/** As `hann`, of the values less their mean; returns the sum of the weights. */
function removeMeanAndHann(length: number): number {
  let mean = 0
  for (let i = 0; i < length; i++) mean += input[i] / length
  for (let i = 0; i < length; i++) input[i] -= mean
  hann(length)
  return length / 2
}

/** The power between the edges of a band; a step of the transform that lies across an edge counts by its share. */
function bandPower(band: number): number {
  const octaves = Math.log2(segment / 2)
  const low = 2 ** ((octaves * band) / bandCount)
  const high = 2 ** ((octaves * (band + 1)) / bandCount)
  let sum = 0
  for (let k = Math.round(low); k <= Math.min(segment / 2, Math.round(high)); k++) {
    const share = Math.min(high, k + 0.5) - Math.max(low, k - 0.5)
    if (share > 0) sum += power[k] * share
  }
  return sum
}

/**
 * Calls `use` for each full segment of evenly spaced samples, in `input` less their mean; where no run of samples is so
 * long, for its longest part of at least 256, filled up with zeros. Returns how many there were.
 */
function forEachSegment(view: SeriesView, use: (length: number) => void): number {
  const { times, to } = view
  const step = usualGap(view)
  let segments = 0
  let longest = 0
  let longestFrom = view.from
  let from = view.from
  for (let i = view.from + 1; i <= to && step > 0; i++) {
    const ends = i === to || Math.abs(times[i] - times[i - 1] - step) > step / 2
    const length = i - from
    if (length > longest) {
      longest = length
      longestFrom = from
    }
    if (length === segment) {
      load(view, from, length)
      use(length)
      segments++
    }
    if (ends || length === segment) from = i
  }
  if (segments > 0 || longest < leastSamples) return segments
  load(view, longestFrom, longest)
  use(longest)
  return 1
}

function load({ values }: SeriesView, from: number, length: number): void {
  let mean = 0
  for (let i = 0; i < length; i++) mean += values[from + i] / length
  for (let i = 0; i < length; i++) input[i] = values[from + i] - mean
  input.fill(0, length)
}

/** Median of the first gaps between samples, ms; 0 where there are too few samples. */
function usualGap({ times, from, length }: SeriesView): number {
  if (length < leastSamples) return 0
  for (let i = 0; i < gaps.length; i++) gaps[i] = times[from + i + 1] - times[from + i]
  return gaps.sort()[gaps.length / 2]
}
