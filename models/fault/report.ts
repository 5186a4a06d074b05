import type { Manifest } from '../onnx/manifest.ts'
import type { Report } from '../report.ts'
import type { TrainingInput } from '../training.ts'
import { confusionFigure } from './confusion-figure.ts'
import { nameOf } from './derived.ts'
import { averagePrecision, conclusions, confusionOf, f1Above, f1OfClasses, scoresOf } from './figures.ts'
import type { Split } from './folds.ts'
import type { LabelledRows } from './rows.ts'
import type { Search, Trial } from './search.ts'

/** A model whose area under precision and recall is not even this many times that of chance has learned nothing. */
const barely = 1.5

interface Training {
  readonly input: TrainingInput
  readonly rows: LabelledRows
  readonly split: Split
  readonly found: Search
  readonly seconds: number
}

/** How the model came to be. */
export function reportOf({ input, rows, split, found, seconds }: Training): Report {
  const { chosen, trials } = found
  const { classes, target, data } = rows
  const concluded = conclusions(chosen.shares, chosen.rule)
  const matrix = confusionOf(target, concluded, classes.length)
  const from = rows.start.reduce((least, time) => Math.min(least, time), Infinity)
  const to = rows.end.reduce((most, time) => Math.max(most, time), -Infinity)
  const counts = classes.map((name, code) => [name, target.filter((value) => value === code).length] as const)
  return {
    monitor: input.monitor,
    type: 'fault',
    created: input.created,
    data: {
      from,
      to,
      rows: input.features.length,
      used: data.rows,
      assets: new Set(rows.asset).size,
      classes: Object.fromEntries(counts),
    },
    exclusions: rows.exclusions,
    split: split.description,
    metric: { name: 'log-loss', better: 'lower' },
    candidates: trials.map((trial) => ({ ...trial.candidate, chosen: trial === chosen })),
    confusion: { classes, matrix },
    figures: { confusion: confusionFigure(classes, matrix) },
    scalars: trials.flatMap(({ scalars }) => scalars),
    backend: trials.map(({ backend }) => backend).find((backend) => backend !== 'none') ?? 'none',
    seconds,
    peakMemory: process.resourceUsage().maxRSS * 1024,
    notes: [
      ...rows.notes,
      ...found.notes,
      ...derivedNote(chosen, input.features.names),
      ...chanceNote(rows, chosen),
      ...thresholdNote(rows, chosen),
    ],
  }
}

/** What the manifest says of the chosen model, on rows that were held out. */
export function figuresOf(
  { target, classes, hasSound }: LabelledRows,
  { shares, rule, candidate }: Trial,
): Record<string, number> {
  const matrix = confusionOf(target, conclusions(shares, rule), classes.length)
  const each = f1OfClasses(matrix)
  return {
    ...candidate.validation,
    ...Object.fromEntries(
      classes.flatMap((name, code) => (hasSound && code === 0 ? [] : [[`f1 ${name}`, each[code]]])),
    ),
  }
}

/** `card.md`: what it tells apart, from what it learned it, and how far to trust it. */
export function writeCard(
  { monitor, training, features, tags, classes, sound: hasSound = true, metrics, calibration, created }: Manifest,
  split: string,
): string {
  const [sound, ...faults] = classes
  const tells = hasSound
    ? `${faults.join(', ')} from ${sound}`
    : `${classes.join(', ')} from each other; there was no sound state to learn`
  const binary = hasSound && classes.length === 2
  const rule = binary
    ? `Above ${calibration.pooled.threshold.toPrecision(3)} it concludes the fault.`
    : 'It concludes the likeliest class.'
  const figures = binary
    ? `F1 ${metrics.f1.toFixed(3)}, area under precision and recall ${metrics['pr-auc'].toFixed(3)}`
    : `${(100 * metrics.accuracy).toFixed(1)} % right, mean F1 of the classes ${metrics['macro-f1'].toFixed(3)}`
  return [
    `# Faults of ${monitor}`,
    '',
    `Trained ${instant(created)} on ${training.used} of ${training.rows} windows from ${instant(training.from)} to ${instant(training.to)}.`,
    '',
    `It tells ${tells}, by ${features.names.length} features of ${tags.join(', ')}.`,
    'The score is how the likeliest fault stands against the sound state, 0 to 1. The contributions say by how much it falls when the values of a tag are those of a typical sound window.',
    '',
    `${rule} On rows it was not fitted to: ${figures}.`,
    `How rows were held out: ${split}.`,
    '',
    'What it cannot know: faults that were not labelled look like the class they resemble most.',
    '',
  ].join('\n')
}

function derivedNote({ derived }: Trial, names: readonly string[]): string[] {
  return derived.length === 0 ? [] : [`Derived features: ${derived.map((one) => nameOf(one, names)).join(', ')}.`]
}

/** When a fault is concluded. */
function thresholdNote({ hasSound, classes }: LabelledRows, { rule }: Trial): string[] {
  if (!hasSound) return []
  if (classes.length > 2) return ['The likeliest class is concluded, by what it costs to miss it.']
  return [`Above a fault probability of ${rule.threshold.toPrecision(3)} a fault is concluded.`]
}

function chanceNote({ target, classes, hasSound }: LabelledRows, { shares, rule, candidate }: Trial): string[] {
  const poor = 'The model is hardly better than chance: the features do not show these faults. Do not rely on it.'
  if (!hasSound) {
    // A quarter of the way from naming the most frequent class always to being right always.
    const counts = classes.map((_, code) => target.filter((own) => own === code).length)
    const most = Math.max(...counts) / target.length
    return candidate.validation.accuracy > most + (1 - most) / 4 ? [] : [poor]
  }
  const positive = Uint8Array.from(target, (code) => (code > 0 ? 1 : 0))
  const fault = scoresOf(shares, rule)
  const chance = positive.reduce((sum, value) => sum + value, 0) / positive.length
  // Where most rows are faults, chance is high and the sound state is what has to be found.
  const found = averagePrecision(fault, positive)
  const learned = chance < 0.5 ? found > barely * chance : 1 - found < (1 - chance) / barely
  if (learned && f1Above(fault, positive, rule.threshold) > 0) return []
  return [poor]
}

const instant = (time: number): string => (Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time))
