import type { Manifest } from '../onnx/manifest.ts'
import type { EstimateSettings } from './config.ts'
import type { TrainedEstimate } from './trained.ts'

/** `card.md` of an estimate: what it learned, from what, and how far to trust it. */
export function writeCard(
  { monitor, training, created, tags }: Manifest,
  { unit, limits }: EstimateSettings,
  { data, rmse, r2, coverage, selection }: TrainedEstimate,
): string {
  const bounds = [
    limits?.low === undefined ? [] : `above ${limits.low}`,
    limits?.high === undefined ? [] : `below ${limits.high}`,
  ]
  return [
    `# Estimate: ${monitor}`,
    '',
    `Trained ${instant(created)} on ${data.rows.length} measured values from ${instant(training.from)} to ${instant(training.to)}, by ${selection.method.name}.`,
    '',
    `It reads ${tags.join(', ')}. ${bounds.flat().length > 0 ? `The value should stay ${bounds.flat().join(' and ')}${unit && ` ${unit}`}.` : 'It judges nothing.'}`,
    `On values newer than those it had learned from it was wrong by ${Number(rmse.toPrecision(3))}${unit && ` ${unit}`} (root mean square, R² ${r2.toFixed(3)}), and its interval held ${(100 * coverage).toFixed(0)} % of the newest fifth (90 % are meant).`,
    '',
    'What it cannot know: ways of running that no measured value speaks of. It goes stale as sensors and materials change: train it again with new values.',
    '',
  ].join('\n')
}

const instant = (time: number): string => (Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time))
