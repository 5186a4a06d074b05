import type { Manifest } from '../onnx/manifest.ts'
import type { Findings } from './findings.ts'

/** `card.md` of a model: what it learned, from what, and how far to trust it. */
export function writeCard(
  { monitor, training, features, tags, calibration, metrics, created }: Manifest,
  { chosen, subject: { modes } }: Pick<Findings, 'chosen' | 'subject'>,
): string {
  const assets = Object.keys(calibration.assets)
  const dropped = training.dropped.map(({ asset, from, to }) => `- ${asset}: ${instant(from)} to ${instant(to)}`)
  return [
    `# What is normal for ${monitor}`,
    '',
    `Trained ${instant(created)} on ${training.used} of ${training.rows} windows from ${instant(training.from)} to ${instant(training.to)}.`,
    '',
    `It watches ${count(tags.length, 'tag')} (${tags.join(', ')}) of ${count(assets.length, 'asset')} through ${count(features.names.length, 'feature')}.`,
    `${chosen.method.meaning} The contributions say which tags the score comes from.`,
    ...(modes ? ['', `It knows these ways of running: ${modes.names.join(', ')}. A window of another one, or on the way between two, has no score.`] : []), // prettier-ignore
    '',
    `An asset it did not learn from is an anomaly above ${calibration.pooled.threshold.toPrecision(4)}; every other has a threshold of its own.`,
    `In training, ${percent(metrics.false_alarms)} of the windows that a fit had not seen were above it.`,
    '',
    dropped.length === 0
      ? 'No part of the training time looked like a fault.'
      : `Parts of the training time that looked like a fault and were left out:\n\n${dropped.join('\n')}`,
    '',
    'What it cannot know: ways of running that did not occur in the training time are strange to it. Train again after changes.',
    '',
  ].join('\n')
}

const instant = (time: number): string => (Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time))
const count = (amount: number, what: string): string => `${amount} ${what}${amount === 1 ? '' : 's'}`
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
