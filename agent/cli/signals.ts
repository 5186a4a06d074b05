import type { Config } from '../settings/index.ts'
import { AssetClass, type SignalFinding, TagTable, silentMetrics } from '../core/index.ts'
import { Pipeline } from '../pipeline/index.ts'
import { SignalStudy, naturesOf } from '../signals/index.ts'
import { dataFile } from './data.ts'
import { harmless, table } from './output.ts'

/** What kind of signal each role of each class of assets is. */
export type ClassSignals = ReadonlyMap<string, ReadonlyMap<string, SignalFinding>>

/** Looks at files as a training would: `most` samples of them at most. */
export async function studyFiles(config: Config, files: readonly string[], most = Infinity): Promise<ClassSignals> {
  const tags = new TagTable()
  const study = new SignalStudy(tags)
  const pipeline = await Pipeline.create({
    config: { ...config, monitors: {} },
    tags,
    metrics: silentMetrics,
    detector: () => Promise.resolve(undefined),
    keepSamples: false,
  })
  pipeline.cleaned.subscribe((batch) => study.take(batch))
  let [offset, samples] = [0, 0]
  for await (const { batch } of dataFile(config, files, tags, { withoutLabels: true })) {
    if (batch.length > 0) await pipeline.handle([{ kind: 'samples', batch, offset: offset++ }])
    samples += batch.length
    if (samples >= most) break
  }
  return new Map(
    Object.entries(config.assets).map(([name, { tags: pattern, signals }]) => {
      const assets = new AssetClass(name, pattern, tags)
      for (const { index } of tags) assets.locate(index)
      return [name, naturesOf(assets, tags, study, signals)]
    }),
  )
}

/** A line for each signal: what it is taken for, and by what. */
export function signalsText(classes: ClassSignals): string {
  const rows = [...classes].flatMap(([name, signals]) =>
    [...signals].map(([role, { nature, evidence }]) => [`${name}/${harmless(role)}`, nature, harmless(evidence)]),
  )
  if (rows.length === 0) return 'No signal is of a class of assets.'
  return `Signals, by their values (models of what is normal learn the measurements; say otherwise in assets.CLASS.signals):\n${table(rows)}`
}
