import assert from 'node:assert/strict'
import FFT from 'fft.js'
import { plantAssets } from '../../../connectors/plant/layout.ts'
import { AssetSignals } from '../../../connectors/plant/signals.ts'
import { bearing, recordWaveform, velocityRms, waveform, type Vibration } from '../../../connectors/plant/waveform.ts'
import { seededRandom } from '../../../connectors/plant/random.ts'

const smooth: Vibration = { shaft: 25, once: 1, twice: 0.2, passing: 0.3, perTurn: 5, broadband: 0.3, impacts: 0.05 }

/** Amplitude by frequency bin. */
function spectrum(values: Float64Array): Float64Array {
  const fft = new FFT(values.length)
  const out = fft.createComplexArray() as number[]
  fft.realTransform(out, Array.from(values))
  return Float64Array.from(
    { length: values.length / 2 },
    (_, i) => (2 * Math.hypot(out[2 * i], out[2 * i + 1])) / values.length,
  )
}

/** The largest amplitude within one bin of `frequency`. */
function near(amplitudes: Float64Array, frequency: number): number {
  const bin = Math.round((frequency * waveform.length) / waveform.rate)
  return Math.max(...amplitudes.slice(bin - 1, bin + 2))
}

/** Amplitude spectrum of the squared, mean-free signal: where bursts repeat, it has lines at their rate. */
function envelope(values: Float64Array): Float64Array {
  const squared = values.map((value) => value ** 2)
  const mean = squared.reduce((sum, value) => sum + value, 0) / squared.length
  return spectrum(squared.map((value) => value - mean))
}

const median = (values: Float64Array) => values.slice().sort()[values.length >> 1]

function kurtosis(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const moment = (power: number) => values.reduce((sum, value) => sum + (value - mean) ** power, 0) / values.length
  return moment(4) / moment(2) ** 2
}

describe('simulated waveform', () => {
  it('has lines at the shaft frequency and, misaligned, at twice of it', () => {
    const at = (vibration: Vibration) => spectrum(recordWaveform(vibration, seededRandom('lines')))
    const aligned = at(smooth)
    const misaligned = at({ ...smooth, twice: 3 })
    assert.ok(near(aligned, 25) > 8 * median(aligned))
    assert.ok(near(misaligned, 50) > 4 * near(aligned, 50))
  })

  it('of a worn bearing has bursts that repeat at the outer-race frequency', () => {
    const worn = recordWaveform({ ...smooth, impacts: 3 }, seededRandom('burst'))
    const lines = envelope(worn).slice(4, 60)
    const frequency = 25 * bearing.outerRace
    assert.ok(near(envelope(worn), frequency) > 4 * median(lines))
    assert.ok(kurtosis(worn) > 5, `${kurtosis(worn)}`)
    const sound = recordWaveform(smooth, seededRandom('burst'))
    assert.ok(kurtosis(sound) < 4, `${kurtosis(sound)}`)
    assert.ok(near(envelope(sound), frequency) < near(envelope(worn), frequency) / 10)
  })

  it('is delivered by a machine every two seconds and shows its fault', () => {
    const [{ name, kind }] = plantAssets
    const recordings = (fault: boolean) => {
      const signals = new AssetSignals(name, kind, 1)
      if (fault) signals.inject('bearing-wear')
      const all: Float64Array[] = []
      for (let i = 0; i < 400; i++)
        for (const { value } of signals.step()) if (typeof value !== 'number') all.push(value)
      return all
    }
    assert.equal(recordings(false).length, 20)
    assert.ok(kurtosis(recordings(true).at(-1)!) > kurtosis(recordings(false).at(-1)!) + 2)
  })

  it('has an overall velocity that is the root of the sum of its parts', () => {
    const none = { ...smooth, once: 0, twice: 0, passing: 0, broadband: 0, impacts: 0 }
    assert.equal(velocityRms(none), 0)
    assert.ok(Math.abs(velocityRms({ ...none, once: 2 }) - Math.SQRT2) < 1e-12)
    assert.ok(Math.abs(velocityRms({ ...none, broadband: 3, impacts: 4 }) - 5) < 1e-12)
  })
})
