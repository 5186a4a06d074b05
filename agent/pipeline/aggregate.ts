import { map, type Observable } from 'rxjs'
import { createFeatures } from '../../models/features/index.ts'
import {
  type AssetClass,
  type Batch,
  BatchBuilder,
  type FeatureBatch,
  type Keeper,
  type Metrics,
  Quality,
  type TagTable,
} from '../core/index.ts'
import { createWindow } from '../operators/index.ts'
import type { Config } from '../settings/index.ts'

export type AggregateSettings = Config['aggregates'][string]

export interface AggregateContext {
  readonly assets: AssetClass
  readonly tags: TagTable
  readonly metrics: Metrics
  readonly keeper: Keeper
}

/** Features whose values are in the unit of their signal. */
const inUnit: readonly string[] = ['mean', 'std', 'min', 'max', 'rms', 'peak_to_peak', 'tail']

/**
 * What is written of the windows of a class beside its samples, such as means of 10 s: for each signal and feature a sample at
 * the end of the window, in a tag of its own. A window that late samples change is written again, at the same time. Emits
 * what one batch closed.
 */
export function aggregate(
  name: string,
  settings: AggregateSettings,
  batches: Observable<Batch>,
  context: AggregateContext,
): Observable<Batch> {
  const features = createFeatures({ features: settings.write }, context.assets)
  const writer = new Writer(name, context)
  return batches.pipe(
    createWindow(settings, { ...context, monitor: name }),
    map((windows) => writer.write(features.extract(windows))),
  )
}

class Writer {
  readonly #name: string
  readonly #assets: AssetClass
  readonly #tags: TagTable
  /** By tag of the signal and feature: the tag of the values. */
  readonly #own = new Map<string, number>()

  constructor(name: string, { assets, tags }: AggregateContext) {
    this.#name = name
    this.#assets = assets
    this.#tags = tags
  }

  write({ length, names, values, asset, end }: FeatureBatch): Batch {
    const builder = new BatchBuilder('aggregate', length * names.length)
    const columns = names.map((name) => {
      const dot = name.lastIndexOf('.')
      return { role: this.#assets.roles.indexOf(name.slice(0, dot)), feature: name.slice(dot + 1) }
    })
    for (let row = 0; row < length; row++) {
      const { tags } = this.#assets.asset(asset[row])
      for (const [column, { role, feature }] of columns.entries()) {
        const value = values[row * names.length + column]
        if (Number.isFinite(value)) builder.add(this.#tag(tags[role], feature), end[row], value, Quality.good)
      }
    }
    return builder.take(length > 0 ? end[length - 1] : 0)
  }

  #tag(of: number, feature: string): number {
    const key = `${of}/${feature}`
    const known = this.#own.get(key)
    if (known !== undefined) return known
    const { name, unit } = this.#tags.at(of)
    const { index } = this.#tags.resolve({
      ...{
        name: `${name}:${this.#name}.${feature}`,
        type: 'number',
        aggregate: { of: name, name: this.#name, feature },
      },
      ...(unit !== undefined && inUnit.includes(feature) && { unit }),
    })
    this.#own.set(key, index)
    return index
  }
}
