import type { Manifest } from '../onnx/manifest.ts'
import type { TrainedRul } from './trained.ts'

/** `card.md` of a model of remaining life: what it learned, from what, and how far to trust it. */
export function writeCard({ monitor, training, created, tags }: Manifest, trained: TrainedRul): string {
  const { data, cap, warnBelow, rmse, coverage, selection } = trained
  return [
    `# How much life remains: ${monitor}`,
    '',
    `Trained ${instant(created)} on ${data.runs} runs to failure, ${training.used} of ${training.rows} windows from ${instant(training.from)} to ${instant(training.to)}, by ${selection.method.name}.`,
    '',
    `It reads ${tags.join(', ')}. Lives beyond ${span(cap)} are not told apart; a life below ${span(warnBelow)} is a warning.`,
    `On runs it had not seen it was wrong by ${span(rmse)} (root mean square, lives above the longest counted as that), and its interval held the truth in ${(100 * coverage).toFixed(0)} % of the windows (90 % are meant).`,
    '',
    'What it cannot know: ways of failing that did not occur in these runs. Sudden failures give no warning in the data.',
    '',
  ].join('\n')
}

const instant = (time: number): string => (Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time))

/** A life in a unit that suits its size. */
export function span(ms: number): string {
  const [unit, name] = unitOf(ms)
  return `${Number((ms / unit).toPrecision(3))} ${name}`
}

/** ms per unit and its name, for lives of about this length. */
export function unitOf(ms: number): [number, string] {
  const units: [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ]
  return units.find(([unit]) => Math.abs(ms) >= 2 * unit) ?? [1000, 's']
}
