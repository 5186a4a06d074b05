import { z } from 'zod'
import { roleOf } from '../feature-tags.ts'
import { versionOf } from '../features/index.ts'
import { quantile } from '../linear-algebra.ts'
import { contentHash } from '../onnx/bundle.ts'
import type { Manifest, ModelBundle } from '../onnx/manifest.ts'
import { sha256 } from '../onnx/runtime.ts'
import type { TrainingContext, TrainingInput } from '../training.ts'
import { probabilities } from './calibration.ts'
import { extended } from './derived.ts'
import { conclusions, scoresOf } from './figures.ts'
import { splitRows, type Split } from './folds.ts'
import { faultGraph } from './graph.ts'
import { figuresOf, reportOf, writeCard } from './report.ts'
import { boostedTrees } from './learners.ts'
import { labelledRows, type LabelledRows } from './rows.ts'
import { search, type Trial } from './search.ts'

/** Settings of a model that tells faults apart. */
export const faultConfig = z.strictObject({
  type: z.literal('fault').describe('Learns from labelled windows which fault a window shows. Needs labels.'),
  min_windows: z
    .int()
    .min(20)
    .default(50)
    .describe('Fewest labelled windows that a training needs; a class needs five, and some dozens to be told well.'),
  costs: z
    .record(z.string(), z.number().positive())
    .default({})
    .describe('What it costs to miss a class, by its name, beside 1 of the others: { crack: 5 } names a crack sooner.'),
})

export type FaultSettings = z.output<typeof faultConfig>

/**
 * Learns the classes of labelled windows. Boosted trees on the features, with differences and products of features,
 * with weights for rare classes, and a network are compared on rows that were held out; the mean of the fold models of
 * the best one, calibrated on those rows, is the model. See models/README.md.
 */
export async function trainFault(
  settings: FaultSettings,
  input: TrainingInput,
  context: TrainingContext = {},
): Promise<ModelBundle> {
  const started = performance.now()
  const labelled = labelledRows(input, settings.min_windows)
  const strange = Object.keys(settings.costs).filter((name) => !labelled.classes.includes(name))
  const note = `\`costs\` names ${strange.join(', ')}, which no learned class is called.`
  const rows = strange.length > 0 ? { ...labelled, notes: [...labelled.notes, note] } : labelled
  const split = splitRows(rows)
  const costs = rows.classes.map((name) => settings.costs[name] ?? 1)
  const found = await search(rows, split.folds, input.features.names, context, costs)
  const bundle = bundleOf(input, rows, split, found.chosen)
  const seconds = (performance.now() - started) / 1000
  return { ...bundle, report: reportOf({ input, rows, split, found, seconds }) }
}

function bundleOf(input: TrainingInput, rows: LabelledRows, split: Split, chosen: Trial): ModelBundle {
  const { names } = input.features
  const onnx = faultGraph(chosen, names, rows.classes, input.monitor)
  const unnamed: Manifest = {
    format: 1,
    type: 'fault',
    kind: 'fault',
    monitor: input.monitor,
    version: '',
    created: input.created,
    ...(input.parent !== undefined && { parent: input.parent }),
    sha256: sha256(onnx),
    features: { version: versionOf(names), names: [...names] },
    tags: [...new Set(names.map(roleOf))],
    input: 'features',
    outputs: { score: 'score', probabilities: 'probabilities' },
    classes: [...rows.classes],
    ...(!rows.hasSound && { sound: false }),
    ...(chosen.rule.costs.some((cost) => cost !== 1) && { costs: [...chosen.rule.costs] }),
    ...(chosen.learner === boostedTrees && { padded: false }),
    higher_is_worse: true,
    calibration: { pooled: { mean: [], scale: [], threshold: chosen.rule.threshold }, assets: {} },
    scaled: false,
    missing: 'passed',
    baseline: baselineOf(rows),
    training: {
      from: rows.start.reduce((least, time) => Math.min(least, time), Infinity),
      to: rows.end.reduce((most, time) => Math.max(most, time), -Infinity),
      rows: input.features.length,
      used: rows.data.rows,
      dropped: [],
    },
    metrics: figuresOf(rows, chosen),
    golden: goldenOf(rows, chosen),
  }
  const manifest = { ...unnamed, version: contentHash(unnamed).slice(0, 16) }
  return { manifest, onnx, card: writeCard(manifest, split.description) }
}

/** Median of each feature over the sound windows; over all where there is no sound state. */
function baselineOf({ data, target, hasSound }: LabelledRows): (number | null)[] {
  return Array.from({ length: data.columns }, (_, column) => {
    const known: number[] = []
    for (let row = 0; row < data.rows; row++) {
      const value = data.values[row * data.columns + column]
      if ((!hasSound || target[row] === 0) && !Number.isNaN(value)) known.push(value)
    }
    const median = quantile(known, 0.5)
    return Number.isFinite(median) ? median : null
  })
}

/** Float32 on both sides, and exponentials that round differently. */
const tolerance = 1e-4
const samplesOfClass = 2

/** Some rows of each class, and one with every second feature missing, with the trainer's own answers. */
function goldenOf(rows: LabelledRows, { model, derived, calibration, rule }: Trial): Manifest['golden'] {
  const { data, target, asset, classes } = rows
  const picked = classes.flatMap((_, code) => {
    const of = Array.from(target.keys()).filter((row) => target[row] === code)
    return Array.from(
      { length: samplesOfClass },
      (_, i) => of[Math.floor((i * (of.length - 1)) / (samplesOfClass - 1))],
    )
  })
  const inputs = picked.map((row) => data.values.slice(row * data.columns, (row + 1) * data.columns))
  inputs.push(inputs[0].map((value, column) => (column % 2 === 0 ? value : NaN)))
  const usable = inputs.filter((input) => input.some((value) => Number.isFinite(value)))
  const matrix = { rows: usable.length, columns: data.columns, values: Float32Array.from(usable.flatMap((input) => Array.from(input))) } // prettier-ignore
  const shares = probabilities(model.logits(extended(matrix, derived)), calibration)
  const scores = scoresOf(shares, rule)
  const concluded = conclusions(shares, rule)
  // A row at the very threshold, or between two faults, may be concluded either way.
  const clear = usable.map((_, row) => {
    const weighted = rule.costs.map((cost, code) => cost * shares[row * classes.length + code])
    const [first, second] = weighted.slice(Number(rule.hasSound)).sort((a, b) => b - a)
    return Math.abs(scores[row] - rule.threshold) > 2 * tolerance && !(first - second < 2 * tolerance)
  })
  const only = <T>(values: readonly T[]) => values.filter((_, row) => clear[row])
  return {
    tolerance,
    asset: only(usable.map((_, row) => asset[picked[row] ?? picked[0]])),
    inputs: only(usable.map((input) => Array.from(input, (value) => (Number.isFinite(value) ? value : null)))),
    scores: only([...scores]),
    contributions: [],
    probability: only(usable.map((_, row) => shares[row * classes.length + concluded[row]])),
  }
}
