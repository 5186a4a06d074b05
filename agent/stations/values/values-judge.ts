import type { MeasuredAnswer } from '../../../models/inspection/measured-inspector.ts'
import { type Logger, type OpinionEvent, soundClass } from '../../core/index.ts'
import type { StationSettings, VerdictRule } from '../../settings/index.ts'
import { inputsOf, judgePart, type PartFindings } from './measured.ts'
import type { Workplace } from '../life/models.ts'
import { classOf } from './part-table.ts'
import { goodClass } from '../rule.ts'
import { Shadow } from '../life/shadow.ts'
import type { Measured } from './values.ts'
import type { ValuesModel } from './values-model.ts'

export interface ValuesJudgeParts {
  readonly station: string
  readonly settings: StationSettings
  readonly log: Logger
  readonly record: (event: OpinionEvent) => Promise<void>
}

/** A part as a model of values sees it. */
interface Inputs {
  readonly time: number
  readonly values: Measured
}

/** Parts that a model beside the one at work may look at, at once. */
const mostLooks = 32

/** The model of a station's values at work, and the one beside it. */
export class ValuesJudge implements Workplace<ValuesModel> {
  readonly #parts: ValuesJudgeParts
  #model: ValuesModel | undefined
  #rival: ValuesModel | undefined
  #shadow: Shadow<Inputs> | undefined

  constructor(parts: ValuesJudgeParts) {
    this.#parts = parts
  }

  get model(): ValuesModel | undefined {
    return this.#model
  }

  use(model: ValuesModel | undefined): void {
    this.#model = model
  }

  challenge(model: ValuesModel | undefined, failed: (version: string, why: string) => void): void {
    if (model === this.#rival) return
    const fails = async (part: Inputs) => failsBy(await model!.inspector.judge(part))
    this.#rival = model
    this.#shadow = model && new Shadow({ ...this.#parts, version: model.version, most: mostLooks, fails, failed })
  }

  /** The verdict on a part from its image, values and windows, with what the model of the values says. */
  async judge(part: string, found: PartFindings): ReturnType<typeof judgePart> {
    const { settings } = this.#parts
    const judged = await judgePart(found, settings, this.#model?.inspector)
    const { measured } = judged
    if (!measured || measured.score === null) return judged
    const { time, values, answer } = found
    const active = { part, time, version: measured.model, fails: measured.score > measured.threshold }
    this.#shadow?.look({ time, values: inputsOf(values, answer?.score, settings) }, active)
    return judged
  }

  /** What the models say of a part that truly is of a class, by version: that class where they agree. */
  async answers(part: Inputs, truth: string): Promise<Record<string, string>> {
    const answers: Record<string, string> = {}
    for (const { version, inspector } of [this.#model, this.#rival].filter((model) => model !== undefined)) {
      const answer = await inspector.judge(part).catch(() => undefined)
      if (answer) answers[version] = saidOf(answer, truth, this.#parts.settings.verdict)
    }
    return answers
  }

  /** Resolves when nothing is in hand. */
  idle(): Promise<void> {
    return this.#shadow?.idle() ?? Promise.resolve()
  }
}

function failsBy({ score, threshold }: MeasuredAnswer): boolean | undefined {
  return Number.isNaN(score) ? undefined : score > threshold
}

/** A model that tells defects from good parts only is right about any class that fails. */
function saidOf(answer: MeasuredAnswer, truth: string, rule: VerdictRule): string {
  const sound = classOf(truth, rule) === soundClass
  const fails = failsBy(answer)
  if (fails === undefined) return ''
  if (!fails) return sound ? truth : goodClass
  return !sound && answer.label === 'defect' ? truth : answer.label
}
