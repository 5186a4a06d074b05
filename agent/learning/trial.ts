import { type LabelEvent, type PredictionKind, type Scores, soundClass } from '../core/index.ts'
import { Outcomes, type Merit } from './outcomes.ts'
import { Probes } from './probes.ts'
import type { Side } from './side.ts'

/** What the two models made of one window, kept for labels that come later. */
interface Judged {
  readonly asset: string
  readonly start: number
  readonly end: number
  /** By side. */
  readonly beyond: readonly [boolean, boolean]
  readonly value: readonly [number, number]
  readonly label: readonly [string, string]
}

/** How a trial stands. The first of a pair is the model at work, the second its rival. */
export interface TrialState {
  /** Windows on which both had an opinion. */
  readonly windows: number
  /** Event time of the windows so far, ms. */
  readonly span: number
  /** Windows whose truth is known from labels. */
  readonly labelled: number
  /** Share of the windows beyond the threshold. */
  readonly beyond: readonly [number, number]
  readonly merit: readonly [Merit, Merit]
}

/** Windows kept for labels that come later. */
const memory = 5_000

/**
 * Compares two models on the same windows, which neither was trained on: how often each alarms on windows that nobody
 * called faulty, whether it finds faults (those that labels speak of, and offsets put into the features of a part of the
 * windows), how far its values are from those measured. A function of the windows and labels in their order.
 */
export class Trial {
  readonly #kind: PredictionKind
  #outcomes: Outcomes
  #probes: Probes
  #judged: Judged[] = []
  #windows = 0
  #first = NaN
  #last = NaN

  constructor(kind: PredictionKind) {
    this.#kind = kind
    this.#outcomes = new Outcomes(kind)
    this.#probes = new Probes()
  }

  get state(): TrialState {
    return {
      windows: this.#windows,
      span: this.#windows === 0 ? 0 : this.#last - this.#first,
      labelled: this.#outcomes.labelled,
      beyond: this.#outcomes.beyond,
      merit: this.#outcomes.merit,
    }
  }

  /** Takes the windows that both scored, row by row the same; `covered` says which count. */
  async take(active: Side, rival: Side, covered: (row: number) => boolean): Promise<void> {
    const rows: number[] = []
    for (let row = 0; row < active.features.length; row++) {
      const opinions = !Number.isNaN(active.scores.score[row]) && !Number.isNaN(rival.scores.score[row])
      // A window that late data made again is the same window.
      if (!opinions || !covered(row) || active.features.revision[row] > 1) continue
      rows.push(row)
      this.#judge(active, rival, row)
    }
    if (this.#kind === 'anomaly') {
      const found = await this.#probes.take(active, rival, rows)
      for (const pair of found) this.#outcomes.probe(pair)
    }
  }

  #judge({ features, scores }: Side, rival: Side, row: number): void {
    const judged: Judged = {
      asset: features.asset[row],
      start: features.start[row],
      end: features.end[row],
      beyond: [isBeyond(scores, row), isBeyond(rival.scores, row)],
      value: [scores.value?.[row] ?? NaN, rival.scores.value?.[row] ?? NaN],
      label: [labelOf(scores, row), labelOf(rival.scores, row)],
    }
    if (this.#windows++ === 0) this.#first = judged.start
    this.#last = Math.max(judged.end, Number.isNaN(this.#last) ? -Infinity : this.#last)
    this.#outcomes.window(judged.beyond)
    this.#judged.push(judged)
    if (this.#judged.length > memory) this.#judged.splice(0, memory / 2)
  }

  /** Takes what is known of windows already judged. */
  label(event: LabelEvent): void {
    if (event.label === 'value') this.#labelValue(event)
    if (event.label === 'failure') this.#labelFailure(event)
    if (event.label !== 'fault' && event.label !== 'false-alarm') return
    const truth = event.label === 'false-alarm' ? soundClass : (event.class ?? soundClass)
    for (const judged of this.#judged) {
      if (!speaksOf(event, judged)) continue
      this.#outcomes.truth(truth, judged.beyond, judged.label)
    }
  }

  /** Of windows that overlap, the first that ends after the measurement: trainings learn from that one too. */
  #labelValue({ asset, time, value = NaN }: LabelEvent): void {
    const judged = this.#judged.find((one) => one.asset === asset && one.start <= time && time <= one.end)
    if (judged && this.#kind === 'estimate') this.#outcomes.value(value, judged.value)
  }

  /** A run has ended: now it is known how much life remained at each of its windows. */
  #labelFailure({ asset, time }: LabelEvent): void {
    if (this.#kind !== 'rul') return
    for (const judged of this.#judged) {
      if (judged.asset === asset && judged.end <= time) this.#outcomes.value(time - judged.end, judged.value)
    }
    this.#judged = this.#judged.filter((judged) => judged.asset !== asset || judged.end > time)
  }

  save(): unknown {
    const { judged, windows, first, last } = {
      judged: this.#judged,
      windows: this.#windows,
      first: this.#first,
      last: this.#last,
    }
    return {
      kind: this.#kind,
      judged,
      windows,
      first,
      last,
      outcomes: this.#outcomes.save(),
      probes: this.#probes.save(),
    }
  }

  static load(saved: unknown): Trial {
    const state = saved as {
      kind: PredictionKind
      judged: Judged[]
      windows: number
      first: number
      last: number
      outcomes: unknown
      probes: unknown
    }
    const trial = new Trial(state.kind)
    trial.#judged = [...state.judged]
    trial.#windows = state.windows
    trial.#first = state.first
    trial.#last = state.last
    trial.#outcomes = Outcomes.load(state.kind, state.outcomes)
    trial.#probes = Probes.load(state.probes)
    return trial
  }
}

/** Whether a label is about a window: its end lies in the span, or the moment lies in the window. */
export function speaksOf(
  { asset, from, time }: LabelEvent,
  window: { asset: string; start: number; end: number },
): boolean {
  if (asset !== window.asset) return false
  return from === undefined ? window.start <= time && time <= window.end : from < window.end && window.end <= time
}

function isBeyond({ score, threshold }: Scores, row: number): boolean {
  return score[row] > threshold[row]
}

function labelOf({ label, classes }: Scores, row: number): string {
  return label && classes && label[row] >= 0 ? classes[label[row]] : soundClass
}
