import assert from 'node:assert/strict'
import { SeriesView } from '../../../agent/core/index.ts'
import { bandCount, bandEnergies, envelopeCount, envelopeSpectrum } from '../../../models/features/spectrum.ts'

const rate = 20_480
/** One step of the transform: 10 Hz. */
const line = rate / 2048

function wave(
  length: number,
  of: (seconds: number) => number,
  drop: (row: number) => boolean = () => false,
): SeriesView {
  const rows = Array.from({ length }, (_, row) => row).filter((row) => !drop(row))
  const time = Float64Array.from(rows, (row) => 1_700_000_000_000 + (row * 1000) / rate)
  const value = Float64Array.from(rows, (row) => of(row / rate))
  return new SeriesView(time, value, 0, rows.length)
}

function bandsOf(view: SeriesView): Float64Array {
  const out = new Float64Array(bandCount)
  bandEnergies(view, out, 0)
  return out
}

function envelopeOf(view: SeriesView): Float64Array {
  const out = new Float64Array(envelopeCount)
  envelopeSpectrum(view, out, 0)
  return out
}

const energyOf = (bands: Float64Array) => bands.reduce((sum, band) => sum + 10 ** band, 0)
const largest = (values: Float64Array) => values.indexOf(Math.max(...values))
const tone = (hertz: number, amplitude: number) => (at: number) => amplitude * Math.sin(2 * Math.PI * hertz * at)

describe('band energies', () => {
  it('put a tone into the band of its frequency, with its mean square', () => {
    for (const hertz of [200, 1_000, 5_000]) {
      const bands = bandsOf(wave(2048, tone(hertz, 3)))
      assert.equal(largest(bands), Math.floor((bandCount * Math.log2(hertz / line)) / 10))
      assert.ok(Math.abs(energyOf(bands) - 4.5) < 0.05, `${energyOf(bands)}`)
    }
  })

  it('do not depend on how many segments there are, nor on an offset', () => {
    const one = bandsOf(wave(2048, tone(1_000, 1)))
    const many = bandsOf(wave(8192, (at) => 1_000 + tone(1_000, 1)(at)))
    assert.ok(Math.abs(energyOf(one) - energyOf(many)) < 1e-6)
    assert.equal(largest(one), largest(many))
  })

  it('are found in bursts with gaps between, and in a short one', () => {
    const bursts = bandsOf(wave(10_000, tone(1_000, 1), (row) => row % 3000 > 2500))
    assert.ok(Math.abs(energyOf(bursts) - 0.5) < 0.01)
    assert.ok(Math.abs(energyOf(bandsOf(wave(700, tone(1_000, 1)))) - 0.5) < 0.02)
  })

  it('are NaN where samples are too few or not evenly spaced, and low in silence', () => {
    assert.ok(bandsOf(wave(255, tone(1_000, 1))).every(Number.isNaN))
    assert.ok(bandsOf(wave(4000, tone(1_000, 1), (row) => row % 100 === 0)).every(Number.isNaN))
    assert.ok(bandsOf(wave(2048, () => 5)).every((band) => band === -12))
  })
})

describe('envelope spectrum', () => {
  it('shows how often a resonance is struck', () => {
    const modulated = (at: number) => (1 + 0.5 * Math.sin(2 * Math.PI * 120 * at)) * tone(4_000, 2)(at)
    const envelope = envelopeOf(wave(4096, modulated))
    assert.equal(largest(envelope), 120 / line - 1)
    assert.ok(Math.abs(Math.max(...envelope) - 1) < 0.02, `${Math.max(...envelope)}`)
  })

  it('is flat for a tone without modulation, and NaN without a waveform', () => {
    assert.ok(Math.max(...envelopeOf(wave(2048, tone(4_000, 2)))) < 0.01)
    assert.ok(envelopeOf(wave(100, tone(4_000, 2))).every(Number.isNaN))
  })
})
