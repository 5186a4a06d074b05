import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { FeatureBatch } from '../../agent/core/index.ts'
import { loadDetector, modelConfig, trainModel, type ModelBundle } from '../../models/index.ts'

const windows = 20_000

/** Windows scored per second against a bare loop over ONNX Runtime with the same graph, and seconds of training. */
export async function run(args: { readonly seconds?: string } = {}): Promise<void> {
  const seconds = Number(args.seconds ?? 1)
  console.log('features   training   windows/s   bare ORT   ratio')
  for (const tags of [8, 25, 50]) {
    const features = syntheticFeatures(windows, tags, 50)
    const settings = modelConfig.parse({ type: 'anomaly', method: 'hotelling-t2' })
    const started = performance.now()
    const bundle = await trainModel(settings, { monitor: 'bench', features, created: 0 })
    const training = (performance.now() - started) / 1000
    const ours = await rate(bundle, features, seconds)
    const bare = await bareRate(bundle, features, seconds)
    const numbers = [`${training.toFixed(2)} s`, ours.toFixed(0), bare.toFixed(0), (ours / bare).toFixed(2)]
    console.log([String(tags * 2).padEnd(8), ...numbers.map((text) => text.padStart(9))].join('  '))
  }
}

async function rate(bundle: ModelBundle, features: FeatureBatch, seconds: number): Promise<number> {
  const detector = await loadDetector(bundle)
  await detector.score(features)
  const result = await repeat(seconds, () => detector.score(features))
  await detector.close()
  return result
}

/** The same graph in batches of 256 on values that are scaled already: nothing but the runtime. */
async function bareRate({ onnx }: ModelBundle, { names, values }: FeatureBatch, seconds: number): Promise<number> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1, graphOptimizationLevel: 'all' })
  const result = await repeat(seconds, async () => {
    for (let row = 0; row + 256 <= windows; row += 256) {
      const input = values.subarray(row * names.length, (row + 256) * names.length)
      await session.run({ features: new Tensor('float64', input, [256, names.length]) })
    }
  })
  await session.release()
  return result
}

async function repeat(seconds: number, once: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  let rounds = 0
  while (performance.now() - started < seconds * 1000) {
    await once()
    rounds++
  }
  return (rounds * windows * 1000) / (performance.now() - started)
}

/** Features of tags that share a load; the same numbers in every run. */
function syntheticFeatures(length: number, tags: number, assets: number): FeatureBatch {
  let state = 1
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5
  const names = Array.from({ length: tags * 2 }, (_, i) => `tag${Math.floor(i / 2)}.${i % 2 === 0 ? 'mean' : 'std'}`)
  const values = new Float64Array(length * names.length)
  for (let row = 0, at = 0; row < length; row++) {
    const load = random()
    for (let column = 0; column < names.length; column++) values[at++] = load + random() + column
  }
  const time = (row: number) => Math.floor(row / assets) * 10_000
  return {
    length,
    names,
    values,
    asset: Array.from({ length }, (_, row) => `asset${row % assets}`),
    start: Float64Array.from({ length }, (_, row) => time(row)),
    end: Float64Array.from({ length }, (_, row) => time(row) + 60_000),
    coverage: new Float64Array(length).fill(1),
    revision: new Uint16Array(length).fill(1),
  }
}
