import type { Report } from '../report.ts'
import { errorPlot } from '../regression/figure.ts'
import { boundsOf } from '../regression/interval.ts'
import { curveOf, dataOf, peakMemory } from '../regression/report.ts'
import type { TrainingInput } from '../training.ts'
import type { EstimateSettings } from './config.ts'
import type { TrainedEstimate } from './trained.ts'

/** How an estimate came to be. */
export function reportOf(
  { unit }: EstimateSettings,
  input: TrainingInput,
  { data, selection, residuals, interval, rmse, r2, coverage }: TrainedEstimate,
  seconds: number,
): Report {
  const { lower, upper } = boundsOf(interval, residuals.predicted)
  return {
    monitor: input.monitor,
    type: 'estimate',
    created: input.created,
    data: dataOf(input, data.rows),
    exclusions: data.exclusions,
    split: 'blocked in time: each of the newest three fifths by a fit to what is older',
    metric: { name: 'rmse', better: 'lower' },
    candidates: selection.candidates,
    figures: {
      errors: errorPlot({
        title: `${input.monitor}: values newer than those learned from`,
        unit: unit || 'value',
        truth: Array.from(residuals.truth),
        predicted: Array.from(residuals.predicted),
        lower: Array.from(lower),
        upper: Array.from(upper),
      }),
    },
    scalars: curveOf(selection),
    backend: selection.regressor.backend,
    seconds,
    peakMemory: peakMemory(),
    notes: [
      `On values newer than those learned from: root mean square error ${Number(rmse.toPrecision(4))}, R² ${r2.toFixed(3)}.`,
      `The interval fitted to the blocks before held ${(100 * coverage).toFixed(1)} % of the newest block; 90 % are meant.`,
    ],
  }
}
