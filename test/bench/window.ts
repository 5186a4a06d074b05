import { Subject } from 'rxjs'
import { AssetClass, BatchBuilder, TagTable, silentMetrics, type Batch } from '../../agent/core/index.ts'
import { createWindow, windowConfig } from '../../agent/operators/window.ts'
import { createFeatures, featureConfig } from '../../models/features/index.ts'

const assetCount = 50
const roles = ['current', 'flow', 'pressure', 'temperature', 'vibration']
const epoch = 1_700_000_000_000

const scenarios = [
  { title: '60s every 10s, mean and std', window: '60s', every: '10s', features: ['mean', 'std'] },
  {
    title: '20 samples every sample, mean and std',
    window: '20 samples',
    every: '1 sample',
    features: ['mean', 'std'],
  },
  { title: '10m every 10s, mean and std', window: '10m', every: '10s', features: ['mean', 'std'] },
  {
    title: '60s every 10s, eleven features',
    window: '60s',
    every: '10s',
    features: 'mean std min max rms slope skew kurtosis crest peak_to_peak zero_crossings'.split(' '),
  },
]

/** 50 assets with 5 roles at 10 Hz, replayed through windows and features: ns of CPU for each sample. */
export function run(args: { readonly seconds?: string } = {}): Promise<void> {
  const seconds = Number(args.seconds ?? 400)
  for (const { title, window, every, features } of scenarios) {
    const tags = new TagTable()
    const batches = makeBatches(tags, seconds)
    const samples = batches.reduce((sum, { length }) => sum + length, 0)
    const alone = measure(batches, tags, { window, every }, undefined)
    const both = measure(batches, tags, { window, every }, features)
    const perSample = (ms: number) => ((ms * 1e6) / samples).toFixed(0)
    console.log(
      `${title}: ${perSample(both.ms)} ns a sample (windows ${perSample(alone.ms)}), ${both.windows} windows, ` +
        `${(samples / both.ms / 1000).toFixed(2)} M samples/s`,
    )
  }
  return Promise.resolve()
}

function makeBatches(tags: TagTable, seconds: number): Batch[] {
  const indices: number[] = []
  for (let asset = 0; asset < assetCount; asset++) {
    for (const role of roles) indices.push(tags.resolve({ name: `line1/pump${asset}/${role}`, type: 'number' }).index)
  }
  const batches: Batch[] = []
  const builder = new BatchBuilder('bench', 1_250)
  for (let tick = 0; tick < seconds * 10; tick++) {
    const time = epoch + tick * 100
    for (const tag of indices) builder.add(tag, time, 100 + Math.sin(tick * 0.1 + tag), 0)
    if (builder.length >= 1_000) batches.push(builder.take(time))
  }
  return batches
}

function measure(
  batches: readonly Batch[],
  tags: TagTable,
  windows: object,
  features: readonly string[] | undefined,
): { ms: number; windows: number } {
  const assets = new AssetClass('pump', 'line1/{asset}/{role}', tags)
  const extractor = createFeatures(featureConfig.parse({ features }), assets)
  const input = new Subject<Batch>()
  const keeper = { keep: () => undefined }
  let count = 0
  input
    .pipe(createWindow(windowConfig.parse(windows), { assets, tags, metrics: silentMetrics, monitor: 'bench', keeper }))
    .subscribe((closed) => (count += features ? extractor.extract(closed).length : closed.length))
  const start = process.cpuUsage()
  for (const batch of batches) input.next(batch)
  input.complete()
  const { user, system } = process.cpuUsage(start)
  return { ms: (user + system) / 1000, windows: count }
}
