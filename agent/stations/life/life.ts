import type { CorrectionEvent, InspectionEvent, ModelEvent, OpinionEvent } from '../../core/index.ts'
import { type Posts, postsAfter } from '../../learning/index.ts'

/** What two models did beside each other: the one at work first, its rival second. */
export interface StationTrial {
  /** Parts on which both had an opinion. */
  readonly parts: number
  /** From the first of them to the last, ms. */
  readonly span: number
  /** Share of them that each would fail. */
  readonly fails: readonly [number, number]
  /** Parts of which somebody said what they are. */
  readonly labelled: number
  /** Classes among those. */
  readonly classes: number
  /** Mean share of each class that was called by its name; NaN where nothing was said. */
  readonly merit: readonly [number, number]
}

/** A part of which somebody said what it is, and what the two models call it. */
interface Known {
  readonly part: string
  readonly class: string
  readonly said: readonly [string, string]
}

/** What of a station's events concerns one of its models. */
export interface LifeRules {
  /** Whether trainings learn from a part because of what was said of it. */
  teaches(event: CorrectionEvent): boolean
  /** Whether trainings learn from a part that was judged, whatever is said of it. */
  counts(event: InspectionEvent): boolean
  /**
   * Whether the models can have learned from the part already: what they make of it proves nothing then. `learned`: event
   * time of the newest part before the last training began, ms since epoch.
   */
  mayKnow(event: CorrectionEvent, learned: number): boolean
}

/** The model of a station's images learns from images that somebody said the class of. */
export const imageRules: LifeRules = {
  teaches: ({ image }) => image !== undefined,
  counts: () => false,
  mayKnow: () => false,
}

/** The model of a station's values learns from all parts with `names`. */
export function valuesRules(names: readonly string[]): LifeRules {
  return {
    teaches: ({ measured }) => measured === true,
    counts: ({ values }) => names.every((name) => name in values),
    mayKnow: ({ of = -Infinity }, learned) => of <= learned,
  }
}

interface State {
  active: string | undefined
  rival: Posts['rival']
  /** When the last training began, ms since epoch; NaN if there was none. */
  trained: number
  /** What somebody said of parts, so that trainings learn from it, since the last training began. */
  corrections: number
  /** Parts since then that trainings learn from whatever is said of them. */
  collected: number
  /** Event time of the newest part, and of the newest before the last training began; ms since epoch. */
  newest: number
  learned: number
  parts: number
  first: number
  last: number
  fails: [number, number]
  known: readonly Known[]
}

const noTrial = () => ({ parts: 0, first: NaN, last: NaN, fails: [0, 0] as [number, number], known: [] })

/** Where a model of a station is in its life, by what the journal says of it: a function of the events taken, in their order. */
export class StationLife {
  readonly #rules: LifeRules
  #state: State = {
    active: undefined,
    rival: undefined,
    trained: NaN,
    corrections: 0,
    collected: 0,
    newest: -Infinity,
    learned: -Infinity,
    ...noTrial(),
  }

  constructor(rules = imageRules) {
    this.#rules = rules
  }

  /** Version at work. */
  get model(): string | undefined {
    return this.#state.active
  }

  get rival(): State['rival'] {
    return this.#state.rival
  }

  get trained(): number {
    return this.#state.trained
  }

  get corrections(): number {
    return this.#state.corrections
  }

  get collected(): number {
    return this.#state.collected
  }

  get trial(): StationTrial {
    const { parts, first, last, fails, known } = this.#state
    const share = (count: number) => (parts === 0 ? 0 : count / parts)
    return {
      parts,
      span: parts === 0 ? 0 : last - first,
      fails: [share(fails[0]), share(fails[1])],
      labelled: known.length,
      classes: new Set(known.map((one) => one.class)).size,
      merit: [meritOf(known, 0), meritOf(known, 1)],
    }
  }

  take(event: OpinionEvent | CorrectionEvent | InspectionEvent | ModelEvent): void {
    if (event.type === 'inspection') this.#judged(event)
    if (event.type === 'model') this.#step(event)
    if (event.type === 'opinion') this.#opinion(event)
    if (event.type === 'correction') this.#correction(event)
  }

  save(): unknown {
    return structuredClone(this.#state)
  }

  load(saved: unknown): void {
    this.#state = structuredClone(saved as State)
  }

  #judged(event: InspectionEvent): void {
    const state = this.#state
    state.newest = Math.max(state.newest, event.time)
    if (this.#rules.counts(event)) state.collected++
  }

  #step({ step, version, time }: ModelEvent): void {
    const { active, rival, newest: learned } = this.#state
    if (step === 'training') Object.assign(this.#state, { trained: time, corrections: 0, collected: 0, learned })
    const posts = { model: active, rival }
    const next = postsAfter(posts, { step, version })
    if (next !== posts) Object.assign(this.#state, { active: next.model, rival: next.rival, ...noTrial() })
  }

  #opinion({ models, fails, time }: OpinionEvent): void {
    const state = this.#state
    if (models[0] !== state.active || models[1] !== state.rival?.version) return
    if (state.parts++ === 0) state.first = state.last = time
    state.last = Math.max(time, state.last)
    fails.forEach((fails, side) => (state.fails[side] += fails ? 1 : 0))
  }

  /** Who says something else of a part later corrects what was said before. */
  #correction(event: CorrectionEvent): void {
    const state = this.#state
    const { part, of, class: truth, answers = {} } = event
    if (this.#rules.teaches(event)) state.corrections++
    if (state.active === undefined || !state.rival || this.#rules.mayKnow(event, state.learned)) return
    const key = `${of ?? ''} ${part}`
    const before = state.known.find((known) => known.part === key)?.said ?? []
    const [active = before[0], rival = before[1]] = [answers[state.active], answers[state.rival.version]] as (string | undefined)[] // prettier-ignore
    if (active === undefined || rival === undefined) return
    const known: Known = { part: key, class: truth, said: [active, rival] }
    state.known = [...state.known.filter((other) => other.part !== key), known].slice(-mostKnown)
  }
}

/** Parts that somebody said something of which are remembered in a trial. */
const mostKnown = 2_000

function meritOf(known: readonly Known[], side: 0 | 1): number {
  const classes = [...new Set(known.map((one) => one.class))]
  const recalls = classes.map((name) => {
    const own = known.filter((one) => one.class === name)
    return own.filter(({ said }) => said[side] === name).length / own.length
  })
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length
}
