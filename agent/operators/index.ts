import type { OperatorDefinition } from '../core/index.ts'
import { clamp, markBeyond } from './clamp.ts'
import { deadband } from './deadband.ts'
import { deduplicate } from './deduplicate.ts'
import { despike } from './despike.ts'
import { fill } from './fill.ts'
import { gate } from './gate.ts'
import { rate } from './rate.ts'
import { resample } from './resample.ts'
import { scale } from './scale.ts'

/** Every operator that cleans samples. A new one is one file and one line here. */
export const operators: readonly OperatorDefinition[] = [
  clamp,
  despike,
  deduplicate,
  deadband,
  scale,
  rate,
  fill,
  resample,
  gate,
]

export { clamp, markBeyond, deadband, deduplicate, despike, fill, gate, rate, resample, scale }

export { createWindow, windowFields, windowProblems } from './window.ts'
