import { roleOf } from '../feature-tags.ts'
import type { Manifest } from './manifest.ts'
import type { Numbers } from './runtime.ts'
import type { Standardiser } from './standardiser.ts'

/** Explains a model that says only how bad a row is: puts typical sound values in place of those of one tag. */
export interface Occlusion {
  /** Overwrites, in the row of `input` at `at`, the columns of the tag; `code` is that of the asset. */
  apply(tag: number, code: number, input: Numbers, at: number): void
}

/** Undefined where the model explains itself or its manifest has no baseline. */
export function occlusionOf(manifest: Manifest, standardiser: Standardiser): Occlusion | undefined {
  const { baseline, outputs, tags, features } = manifest
  if (!baseline || outputs.contributions !== undefined || tags.length === 0) return undefined
  const columns = tags.map((tag) => features.names.flatMap((name, column) => (roleOf(name) === tag ? [column] : [])))
  return {
    apply: (tag, code, input, at) => {
      for (const column of columns[tag]) input[at + column] = standardiser.place(baseline[column] ?? NaN, column, code)
    },
  }
}
