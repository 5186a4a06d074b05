import type { Report } from '../report.ts'
import { errorPlot } from '../regression/figure.ts'
import { boundsOf } from '../regression/interval.ts'
import { curveOf, dataOf, peakMemory } from '../regression/report.ts'
import type { TrainingInput } from '../training.ts'
import { span, unitOf } from './card.ts'
import type { TrainedRul } from './trained.ts'

/** How a model of remaining life came to be. */
export function reportOf(input: TrainingInput, trained: TrainedRul, seconds: number): Report {
  const { data, cap, selection, residuals, interval, shift, coverage, thirds, rmse } = trained
  const { monitor, created } = input
  const [unit, name] = unitOf(cap)
  const { lower, upper } = boundsOf(interval, residuals.predicted)
  const inUnits = (shares: Float64Array) => Array.from(shares, (share) => Math.max(0, (share * cap) / unit))
  return {
    monitor,
    type: 'rul',
    created,
    data: dataOf(input, data.rows),
    exclusions: data.exclusions,
    split: `by whole runs, one of four parts held out; ${data.runs} runs`,
    metric: { name: 'rmse', better: 'lower' },
    candidates: selection.candidates,
    figures: {
      errors: errorPlot({
        title: `${monitor}: remaining life on runs not learned from`,
        unit: name,
        truth: inUnits(residuals.truth),
        predicted: inUnits(residuals.predicted),
        lower: inUnits(lower),
        upper: inUnits(upper),
      }),
    },
    scalars: curveOf(selection),
    backend: selection.regressor.backend,
    seconds,
    peakMemory: peakMemory(),
    notes: [
      `Lives beyond ${span(cap)} are not told apart.`,
      `Root mean square error on runs not learned from: ${span(rmse)}, lives above that counted as it.`,
      `The interval held the truth in ${(100 * coverage).toFixed(1)} % of the windows of runs that neither model nor interval had seen; 90 % are meant. In the thirds of the lives told, the shortest first: ${thirds.map((share) => `${(100 * share).toFixed(1)} %`).join(', ')}.`,
      ...(shift.knots.length > 1
        ? [
            `The life told is moved by ${Array.from(shift.values, (value) => span(value * cap)).join(', ')} in these thirds, as late warnings cost more than early ones (\`prefer\`).`,
          ]
        : []),
    ],
  }
}
