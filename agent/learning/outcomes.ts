import { type PredictionKind, soundClass } from '../core/index.ts'

/** How good a model was in a trial. */
export interface Merit {
  /** What decides: higher is better. NaN while nothing can be said. */
  readonly merit: number
  /** The figures behind it, by name. */
  readonly figures: Readonly<Record<string, number>>
}

/** What one model did. */
interface Tally {
  windows: number
  beyond: number
  /** Offsets put into features, and how many of them were found. */
  probes: number
  found: number
  /** Windows of a known class, and those called by it, by class. */
  known: Record<string, number>
  right: Record<string, number>
  /** Windows known to be faulty or sound, and those on the right side of the threshold. */
  faulty: number
  faultyFound: number
  sound: number
  soundPassed: number
  values: number
  /** Sums of the magnitude of the deviation from measured values, and of those values' spread. */
  deviation: number
}

type Pair<T> = readonly [T, T]

/** Counts what two models did in a trial, side by side. */
export class Outcomes {
  readonly #kind: PredictionKind
  #tallies: Pair<Tally> = [emptyTally(), emptyTally()]

  constructor(kind: PredictionKind) {
    this.#kind = kind
  }

  get labelled(): number {
    const { faulty, sound, values } = this.#tallies[0]
    return faulty + sound + values
  }

  get beyond(): Pair<number> {
    const share = ({ windows, beyond }: Tally) => (windows === 0 ? 0 : beyond / windows)
    return [share(this.#tallies[0]), share(this.#tallies[1])]
  }

  get merit(): Pair<Merit> {
    return [meritOf(this.#kind, this.#tallies[0]), meritOf(this.#kind, this.#tallies[1])]
  }

  window(beyond: Pair<boolean>): void {
    this.#each((tally, side) => {
      tally.windows++
      if (beyond[side]) tally.beyond++
    })
  }

  /** A window with an offset in the features of one signal: who found it. */
  probe(found: Pair<boolean>): void {
    this.#each((tally, side) => {
      tally.probes++
      if (found[side]) tally.found++
    })
  }

  /** What class a window was of, beside what the models said. */
  truth(truth: string, beyond: Pair<boolean>, label: Pair<string>): void {
    this.#each((tally, side) => {
      tally.known[truth] = (tally.known[truth] ?? 0) + 1
      if (label[side] === truth) tally.right[truth] = (tally.right[truth] ?? 0) + 1
      if (truth === soundClass) {
        tally.sound++
        if (!beyond[side]) tally.soundPassed++
      } else {
        tally.faulty++
        if (beyond[side]) tally.faultyFound++
      }
    })
  }

  /** What was measured, beside what the models said. */
  value(truth: number, said: Pair<number>): void {
    if (!Number.isFinite(truth) || said.some(Number.isNaN)) return
    this.#each((tally, side) => {
      tally.values++
      tally.deviation += Math.abs(said[side] - truth)
    })
  }

  #each(count: (tally: Tally, side: 0 | 1) => void): void {
    count(this.#tallies[0], 0)
    count(this.#tallies[1], 1)
  }

  save(): unknown {
    return structuredClone(this.#tallies)
  }

  static load(kind: PredictionKind, saved: unknown): Outcomes {
    const outcomes = new Outcomes(kind)
    outcomes.#tallies = structuredClone(saved as Pair<Tally>)
    return outcomes
  }
}

function emptyTally(): Tally {
  return {
    windows: 0,
    beyond: 0,
    probes: 0,
    found: 0,
    known: {},
    right: {},
    faulty: 0,
    faultyFound: 0,
    sound: 0,
    soundPassed: 0,
    values: 0,
    deviation: 0,
  }
}

/**
 * anomaly: mean of the share of windows not known to be faulty that passed and the share of faults (labelled, and offsets
 * put in) that were found. fault: mean over the classes of the share that was called by its name. rul and estimate: the
 * mean deviation from what was measured, negative.
 */
function meritOf(kind: PredictionKind, tally: Tally): Merit {
  if (kind === 'anomaly') return anomalyMerit(tally)
  if (kind === 'fault') {
    const recalls = Object.entries(tally.known).map(
      ([name, count]) => [name, (tally.right[name] ?? 0) / count] as const,
    )
    const merit = recalls.reduce((sum, [, recall]) => sum + recall, 0) / recalls.length
    return { merit, figures: Object.fromEntries(recalls.map(([name, recall]) => [`recall of ${name}`, recall])) }
  }
  const deviation = tally.deviation / tally.values
  return { merit: -deviation, figures: { 'mean deviation': deviation } }
}

function anomalyMerit({ windows, beyond, faulty, faultyFound, probes, found }: Tally): Merit {
  const sound = windows - faulty
  const falseAlarms = (beyond - faultyFound) / sound
  const missed = 1 - (faultyFound + found) / (faulty + probes)
  return { merit: 1 - (falseAlarms + missed) / 2, figures: { 'false alarms': falseAlarms, missed } }
}
