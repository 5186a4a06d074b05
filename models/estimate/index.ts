import { DetectorError } from '../../agent/core/index.ts'
import type { Matrix } from '../matrix.ts'
import { joinParts, type GraphPart } from '../onnx/graph.ts'
import type { ModelBundle } from '../onnx/manifest.ts'
import { composeBundle, larger, margin, scaled, type Conclusions } from '../regression/bundle.ts'
import {
  boundsOf,
  coverageOf,
  fitInterval,
  intervalPart,
  type Interval,
  type Residuals,
} from '../regression/interval.ts'
import type { Regressor } from '../regression/methods.ts'
import { matrixOf, select, type Judge } from '../regression/selection.ts'
import { defineModel, type TrainingContext, type TrainingInput } from '../training.ts'
import { writeCard } from './card.ts'
import { usableLabels, type LabelRows } from './labels.ts'
import { reportOf } from './report.ts'
import type { TrainedEstimate } from './trained.ts'
import { estimateConfig, type EstimateSettings } from './config.ts'

/** What turns the answer of a regressor into the value: value = answer * spread + mean. */
interface Scale {
  readonly mean: number
  readonly spread: number
}

/** The labelled time is cut into so many blocks; each from the third on is told by a fit to those before it. */
const blocks = 5
const firstTold = 2

/** Learns to tell a value that is measured rarely and late from tags that are there at once. */
export const estimate = defineModel({ config: estimateConfig, kind: 'estimate', train: trainEstimate })

async function trainEstimate(
  settings: EstimateSettings,
  input: TrainingInput,
  context: TrainingContext,
): Promise<ModelBundle> {
  const started = performance.now()
  const data = usableLabels(input, settings.min_labels, settings.learn_from)
  const matrix = matrixOf(input.features, data.rows)
  const scale = scaleOf(data.value, input.monitor)
  const trained = await fitEstimate(data, matrix, scale, context)
  const { selection, interval, rmse, r2, coverage } = trained
  const { limits } = settings
  const { manifest, onnx } = composeBundle({
    type: 'estimate',
    kind: 'estimate',
    input,
    rows: data.rows,
    data: matrix,
    graph: graphOf(selection.regressor, interval, scale, limits),
    conclude: (rows) => conclude(selection.regressor, interval, scale, limits, rows),
    threshold: 0,
    typical: Uint32Array.from(data.rows.keys()),
    metrics: { labels: data.rows.length, rmse, r2, coverage },
  })
  const report = reportOf(settings, input, trained, (performance.now() - started) / 1000)
  return { manifest, onnx, card: writeCard(manifest, settings, trained), report }
}

async function fitEstimate(
  data: LabelRows,
  matrix: Matrix,
  { mean, spread }: Scale,
  context: TrainingContext,
): Promise<TrainedEstimate> {
  const count = data.rows.length
  const fold = Int32Array.from({ length: count }, (_, i) => Math.floor((i * blocks) / count))
  const target = data.value.map((value) => (value - mean) / spread)
  const judge: Judge = (predicted, rows) => {
    const rmse = spread * Math.sqrt(average(predicted.map((value, i) => (value - target[rows[i]]) ** 2)))
    return {
      error: rmse,
      rmse,
      r2: explained(
        rmse ** 2,
        Float64Array.from(rows, (row) => data.value[row]),
      ),
    }
  }
  const told = Array.from({ length: blocks - firstTold }, (_, i) => firstTold + i)
  const mayLearn = (of: number, held: number) => held >= firstTold && of < held
  const selection = await select({ data: matrix, target, fold, folds: blocks, judges: told, mayLearn }, judge, context)
  const seen = Uint32Array.from(data.rows.keys()).filter((i) => fold[i] >= firstTold)
  const residuals = residualsOf(
    seen,
    selection.outOfFold.map((value) => value * spread + mean),
    data,
  )
  const squares = residuals.truth.map((value, i) => (value - residuals.predicted[i]) ** 2)
  const newest = seen.filter((i) => fold[i] === blocks - 1)
  const before = seen.filter((i) => fold[i] < blocks - 1)
  const part = (rows: Uint32Array) =>
    residualsOf(
      rows,
      selection.outOfFold.map((value) => value * spread + mean),
      data,
    )
  return {
    data,
    selection,
    residuals,
    interval: fitInterval(residuals),
    coverage: coverageOf(fitInterval(part(before)), part(newest)),
    rmse: Math.sqrt(average(squares)),
    r2: explained(average(squares), residuals.truth),
  }
}

function residualsOf(rows: Uint32Array, predicted: Float64Array, { value }: LabelRows): Residuals {
  const pick = (values: Float64Array) => Float64Array.from(rows, (row) => values[row])
  return { predicted: pick(predicted), truth: pick(value), group: Int32Array.from(rows) }
}

/** Throws a DetectorError (TRAINING_DATA) where the value never changed. */
function scaleOf(value: Float64Array, monitor: string): Scale {
  const spread = spreadOf(value)
  if (spread > 0) return { mean: average(value), spread }
  throw new DetectorError(
    'TRAINING_DATA',
    `all ${value.length} measured values of monitor ${monitor} are ${value[0]}`,
    {
      remedy: 'Wait for values that differ, or look whether the laboratory reports to the right asset.',
    },
  )
}

type Limits = EstimateSettings['limits']

function conclude(
  regressor: Regressor,
  interval: Interval,
  { mean, spread }: Scale,
  { low = -Infinity, high = Infinity }: NonNullable<Limits> = {},
  data: Matrix,
): Conclusions {
  const value = regressor.predict(data).map((answer) => answer * spread + mean)
  const beyond = (at: number) => Math.max(low - at, at - high)
  const judges = low > -Infinity || high < Infinity
  return { score: value.map((at) => (judges ? beyond(at) : 0)), value, ...boundsOf(interval, value) }
}

function graphOf(regressor: Regressor, interval: Interval, { mean, spread }: Scale, limits: Limits = {}): GraphPart {
  return joinParts(
    regressor.part('features', 'margin'),
    margin('margin', 'answer'),
    scaled('answer', 'value', spread, mean),
    intervalPart(interval, 'value', 'lower', 'upper'),
    scorePart(limits),
  )
}

/** How far the value is beyond its limits; 0 where there are none. */
function scorePart({ low, high }: NonNullable<Limits>): GraphPart {
  if (low === undefined && high === undefined) return scaled('value', 'score', 0)
  if (high === undefined) return scaled('value', 'score', -1, low)
  if (low === undefined) return scaled('value', 'score', 1, -high)
  return joinParts(
    scaled('value', 'below', -1, low),
    scaled('value', 'above', 1, -high),
    larger('below', 'above', 'score'),
  )
}

const average = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** R²; 0 where the truth does not vary, of which nothing can be explained. */
function explained(meanSquare: number, truth: Float64Array): number {
  const spread = spreadOf(truth)
  return spread > 0 ? 1 - meanSquare / spread ** 2 : 0
}

function spreadOf(values: Float64Array): number {
  const mean = average(values)
  return Math.sqrt(average(values.map((value) => (value - mean) ** 2)))
}
