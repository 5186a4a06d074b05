import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { schema } from '../../agent/settings/schema.ts'
import { silentMetrics, type FeatureBatch, type Logger } from '../../agent/core/index.ts'
import { Pipeline } from '../../agent/pipeline/pipeline.ts'
import { parseConfig } from '../../config/index.ts'
import { startPlant, type Plant } from '../../connectors/plant/index.ts'
import { Running, quick, temporaryFolder } from '../connectors/opcua/harness.ts'
import { until } from '../support/until.ts'

const config = parseConfig(
  `
assets: { pump: { tags: "{line}/pump{n}/{role}" } }
monitors: { bearing: { assets: pump, window: 2s, every: 2s, features: [kurtosis, bands, envelope] } }
`,
  { schema, env: {} },
)
const asset = 'line1/pump2'
const log: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

describe('waveforms over OPC UA', function () {
  const folder = temporaryFolder()
  let plant: Plant
  let source: Running
  let pipeline: Pipeline
  const windows: { readonly coverage: number; readonly features: ReadonlyMap<string, number> }[] = []

  before(async () => {
    // Ten times as fast, so that a fault is there within seconds; a recording comes every 2 s all the same.
    plant = await startPlant({ folder, speed: 10, log })
    const { node, tag, rate } = plant.tags.find(({ tag }) => tag === `${asset}/waveform`)!
    source = new Running({ ...quick, endpoint: plant.endpoint, tags: [{ node, tag, rate }] })
    const detector = () => Promise.resolve(undefined)
    const parts = { config, tags: source.tags, metrics: silentMetrics, keepSamples: false, detector }
    pipeline = await Pipeline.create(parts)
    pipeline.monitors.get('bearing')!.vectors.subscribe(remember)
  })

  after(async () => {
    source.stop()
    await pipeline.close()
    await plant.close()
    rmSync(folder, { recursive: true, force: true })
  })

  function remember({ length, names, values, coverage }: FeatureBatch): void {
    for (let row = 0; row < length; row++) {
      const features = new Map(names.map((name, i) => [name, values[row * names.length + i]]))
      windows.push({ coverage: coverage[row], features })
    }
  }

  let handled = 0

  /** Hands on what has come, until `enough`. */
  async function flow(what: string | (() => string), enough: () => boolean): Promise<void> {
    await until(what, async () => {
      for (; handled < source.arrivals.length; handled++) {
        await pipeline.handle([{ kind: 'samples', batch: source.arrivals[handled].batch, offset: handled }])
      }
      return enough()
    })
  }

  const kurtosis = () => windows.at(-1)?.features.get('waveform.kurtosis') ?? NaN
  const envelope = () =>
    Math.max(...[...windows.at(-1)!.features].flatMap(([name, value]) => (name.includes('envelope') ? [value] : [])))

  it('become windows of all their samples, with a spectrum', async () => {
    await flow('three whole windows', () => windows.length >= 4)
    const { coverage, features } = windows[2]
    assert.ok(coverage > 0.9, `${coverage}`)
    const bands = [...features].filter(([name]) => name.startsWith('waveform.bands_'))
    assert.equal(bands.length, 32)
    assert.ok(bands.every(([, value]) => Number.isFinite(value)))
    assert.ok(kurtosis() < 4, `${kurtosis()}`)
  })

  it('show a worn bearing', async () => {
    const sound = envelope()
    assert.ok(plant.inject(asset, 'bearing-wear'))
    // Wear grows from one recording to the next.
    await flow(() => `bursts: kurtosis ${kurtosis()}, envelope ${envelope()} after ${sound}`, () => kurtosis() > 4 && envelope() > 3 * sound) // prettier-ignore
  })
})
