import { z } from 'zod'
import { DetectorError, duration } from '../../agent/core/index.ts'
import type { Matrix } from '../matrix.ts'
import { joinParts, type GraphPart } from '../onnx/graph.ts'
import type { ModelBundle } from '../onnx/manifest.ts'
import { atLeast, atMost, composeBundle, margin, scaled, type Conclusions } from '../regression/bundle.ts'
import {
  boundsOf,
  coverageByThird,
  coverageOf,
  fitInterval,
  intervalPart,
  linesPart,
  type Interval,
  type Residuals,
} from '../regression/interval.ts'
import type { Regressor } from '../regression/methods.ts'
import { matrixOf, select, type Judge } from '../regression/selection.ts'
import { defaultSeed, defineModel, type TrainingContext, type TrainingInput } from '../training.ts'
import { writeCard } from './card.ts'
import { fitShift, shifted, type Shift } from './early.ts'
import { reportOf } from './report.ts'
import { foldsOf, learnedCap, usableRuns, type RunRows } from './runs.ts'
import type { TrainedRul } from './trained.ts'

/** Settings of the model of remaining useful life. */
export const rulConfig = z.strictObject({
  type: z.literal('rul'),
  min_runs: z
    .int()
    .min(4)
    .default(10)
    .describe(
      'Least number of complete runs, each ended by a labelled failure. With fewer than ten an interval that holds nine times of ten cannot be checked.',
    ),
  cap: duration
    .refine((ms) => ms > 0, { error: 'must be positive' })
    .optional()
    .describe('Lives beyond this are not told apart. Where absent: the life with which nine of ten runs were seen.'),
  prefer: z
    .enum(['early', 'middle'])
    .default('early')
    .describe(
      'Which life is told within what is possible: early, as a warning that comes late costs more than one that comes early, or the middle.',
    ),
  warn_below: duration
    .optional()
    .describe('A remaining life below this is a warning. Where absent: a fifth of the cap.'),
})

export type RulSettings = z.output<typeof rulConfig>

/** Runs are dealt out to so many folds. */
const folds = 4
/** The share of the cap below which a life is a warning. */
const warnShare = 0.2

/**
 * Learns how much life remains from runs that ended with a failure: candidates are compared on whole runs that they have
 * not seen; the interval comes from such runs as well.
 */
export const rul = defineModel({ config: rulConfig, kind: 'rul', train: trainRul })

async function trainRul(settings: RulSettings, input: TrainingInput, context: TrainingContext): Promise<ModelBundle> {
  const started = performance.now()
  const trained = await fitRul(settings, input, context)
  const { data, matrix, cap, warnBelow, selection, shift, interval, thirds } = trained
  const { manifest, onnx } = composeBundle({
    type: 'rul',
    kind: 'rul',
    input,
    rows: data.rows,
    data: matrix,
    graph: graphOf(selection.regressor, shift, interval, cap),
    conclude: (rows) => conclude(selection.regressor, shift, interval, cap, rows),
    threshold: 1 - warnBelow / cap,
    typical: typicalRows(data, cap),
    metrics: {
      cap,
      warn_below: warnBelow,
      runs: data.runs,
      rmse: trained.rmse,
      coverage: trained.coverage,
      ...Object.fromEntries(thirds.map((share, third) => [`coverage_third_${third + 1}`, share])),
    },
  })
  const report = reportOf(input, trained, (performance.now() - started) / 1000)
  return { manifest, onnx, card: writeCard(manifest, trained), report }
}

async function fitRul(settings: RulSettings, input: TrainingInput, context: TrainingContext): Promise<TrainedRul> {
  const data = usableRuns(input, settings.min_runs)
  const cap = settings.cap ?? learnedCap(data)
  const warnBelow = settings.warn_below ?? warnShare * cap
  if (!(warnBelow < cap)) throw capTooLow(input.monitor, cap, warnBelow)
  const matrix = matrixOf(input.features, data.rows)
  const target = data.life.map((life) => Math.min(1, life / cap))
  const fold = foldsOf(data, folds, context.seed ?? defaultSeed)
  const judge: Judge = (predicted, rows) => {
    const squares = predicted.map((share, i) => (cap * (clamp(share) - target[rows[i]])) ** 2)
    const rmse = Math.sqrt(mean(squares))
    return { error: rmse, rmse }
  }
  const examples = { data: matrix, target, fold, folds, judges: [0], mayLearn: () => true }
  const selection = await select(examples, judge, context)
  const unseen = selection.outOfFold.map(clamp)
  const shift = settings.prefer === 'early' ? fitShift({ predicted: unseen, truth: target }) : none
  const residuals = { predicted: shifted(shift, unseen), truth: data.life.map((life) => life / cap), group: data.run }
  const squares = residuals.predicted.map((share, i) => (cap * (share - target[i])) ** 2)
  return {
    data,
    matrix,
    cap,
    warnBelow,
    selection,
    residuals,
    shift,
    interval: fitInterval(residuals),
    coverage: crossCoverage(residuals, fold, coverageOf),
    thirds: [0, 1, 2].map((third) => crossCoverage(residuals, fold, (...of) => coverageByThird(...of)[third] ?? NaN)),
    rmse: Math.sqrt(mean(squares)),
  }
}

/** The mean, over the folds, of how much of one the interval of the others holds. */
function crossCoverage(
  residuals: Residuals,
  fold: Int32Array,
  shareOf: (interval: Interval, held: Residuals) => number,
): number {
  const part = (keep: (of: number) => boolean): Residuals => ({
    predicted: residuals.predicted.filter((_, i) => keep(fold[i])),
    truth: residuals.truth.filter((_, i) => keep(fold[i])),
    group: residuals.group.filter((_, i) => keep(fold[i])),
  })
  const shares = Array.from({ length: folds }, (_, held) =>
    shareOf(
      fitInterval(part((of) => of !== held)),
      part((of) => of === held),
    ),
  )
  return mean(Float64Array.from(shares))
}

function conclude(regressor: Regressor, shift: Shift, interval: Interval, cap: number, data: Matrix): Conclusions {
  const share = shifted(shift, regressor.predict(data).map(clamp))
  const { lower, upper } = boundsOf(interval, share)
  return {
    score: share.map((value) => 1 - value),
    value: share.map((value) => value * cap),
    lower: lower.map((value) => Math.max(0, value * cap)),
    upper: upper.map((value) => value * cap),
  }
}

function graphOf(regressor: Regressor, shift: Shift, interval: Interval, cap: number): GraphPart {
  return joinParts(
    regressor.part('features', 'margin'),
    margin('margin', 'middle', [0, 1]),
    linesPart(shift.knots, shift.values, 'middle', 'moved'),
    atLeast('moved', 'left', 0),
    atMost('left', 'share', 1),
    scaled('share', 'score', -1, 1),
    scaled('share', 'value', cap),
    intervalPart(interval, 'share', 'lowest', 'highest'),
    scaled('lowest', 'least', cap),
    atLeast('least', 'lower', 0),
    scaled('highest', 'upper', cap),
  )
}

/** Rows of assets with all the life that can be told before them. */
function typicalRows({ life }: RunRows, cap: number): Uint32Array {
  return Uint32Array.from(life.keys()).filter((i) => life[i] >= cap)
}

function capTooLow(monitor: string, cap: number, warnBelow: number): DetectorError {
  const hours = (ms: number) => `${(ms / 3_600_000).toPrecision(3)} h`
  return new DetectorError(
    'TRAINING_DATA',
    `monitor ${monitor} is to warn below ${hours(warnBelow)}, but lives beyond ${hours(cap)} cannot be told apart`,
    { remedy: 'Lower `warn_below`, raise `cap`, or label the failures of longer runs.' },
  )
}

/** Where the middle is told. */
const none: Shift = { knots: Float64Array.of(0), values: Float64Array.of(0) }

const clamp = (share: number): number => Math.max(0, Math.min(1, share))
const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length
