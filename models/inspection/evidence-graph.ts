import { mostEvidence, scoreLine, type Calibration } from './evidence.ts'
import type { GraphBuilder } from './network/layers.ts'

/** Adds what `evidence` of evidence.ts does. */
export function addEvidence(builder: GraphBuilder, value: string, { median, spread }: Calibration): string {
  return builder.add('Div', [builder.add('Sub', [value, number(builder, median)]), number(builder, spread)])
}

/** Adds what `scoreOf` of evidence.ts does. */
export function addScore(builder: GraphBuilder, evidence: string): string {
  const bounded = builder.add('Min', [evidence, number(builder, mostEvidence)])
  const { slope, offset } = scoreLine
  const line = builder.add('Add', [builder.add('Mul', [bounded, number(builder, slope)]), number(builder, offset)])
  return builder.add('Exp', [line])
}

/** Adds the mean of several of one shape. */
export function addMean(builder: GraphBuilder, parts: readonly string[]): string {
  const sum = parts.reduce((total, part) => builder.add('Add', [total, part]))
  return builder.add('Div', [sum, number(builder, parts.length)])
}

/** A constant that goes with any shape. */
export function number(builder: GraphBuilder, value: number): string {
  return builder.constant([], Float32Array.of(value))
}
