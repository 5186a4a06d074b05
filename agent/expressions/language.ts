import { Environment, evaluate, type ParseResult } from '@marcbachmann/cel-js'
import { registerArithmetic, withArithmetic } from './arithmetic.ts'
import { Undecided } from './undecided.ts'
import { Conclusion, PartVerdictView } from './views.ts'

/** A value that a signal, a state or an expression has. */
export type Value = number | string | boolean

/** Characters of an expression at most. */
export const longest = 4_000

/** A conclusion of a monitor as expressions see it; what it lacks is absent. Times and lengths in ms. */
export interface ConclusionReading {
  readonly state: string
  readonly score?: number | undefined
  readonly threshold?: number | undefined
  /** 1: as learned; 0.5: at the threshold. */
  readonly health?: number | undefined
  readonly value?: number | undefined
  readonly lower?: number | undefined
  readonly upper?: number | undefined
  readonly remaining?: number | undefined
  readonly label?: string | undefined
  readonly probability?: number | undefined
}

/** The newest verdict of a station. */
export interface PartReading {
  readonly verdict: string
  readonly part: string
  readonly label: string
  readonly score?: number | undefined
}

/** What expressions read. Each throws `Undecided` where it is not known; `asset` absent: that of the action. */
export interface Reader {
  /** Of an asset the name is a role, else that of a tag. */
  signal(name: string): Value
  /** ms since the newest value. */
  age(name: string): number
  /** `good`, `uncertain`, `bad`, or `none` where nothing came yet. */
  quality(name: string): string
  feature(monitor: string, name: string): number
  prediction(monitor: string, asset?: string): ConclusionReading
  alarm(monitor: string, asset?: string): string
  verdict(station: string): PartReading
  /** Empty where nothing has set it. */
  state(name: string): string
  hour(): number
  weekday(): number
}

/** Functions of the language with what each is for; `check` names them. What decides later (forecasts) adds its own here. */
export const functions = {
  signal: 'signal("speed"): the newest value of a role of the asset, or of a tag',
  age: 'age("speed"): how old that is, a duration',
  quality: 'quality("speed"): "good", "uncertain", "bad" or "none"',
  feature: 'feature("pump-health", "vibration.mean"): of the newest window of a monitor',
  prediction: 'prediction("pump-health").score: also state, threshold, health, value, lower, upper, remaining, label, probability', // prettier-ignore
  alarm: 'alarm("pump-health"): "normal", "raised", "acknowledged" or "cleared"',
  verdict: 'verdict("weld").verdict: also part, label, score',
  state: 'state("mode"): what an action has set, "" at first',
  hour: 'hour(): 0 to 23, in the time zone of the action',
  weekday: 'weekday(): 1 is Monday, 7 is Sunday',
} as const
export type FunctionName = keyof typeof functions

/** Set while an expression runs, which it does in one go. */
let reader: Reader | undefined
const at = (): Reader => {
  if (!reader) throw new Undecided('nothing can be read here')
  return reader
}
/** The library's own class of durations, which it does not export. */
const { constructor: Duration } = evaluate('duration("0s")') as {
  constructor: { fromMilliseconds(ms: number): object }
}
const length = (ms: number) => Duration.fromMilliseconds(ms)

/** Everything an expression may use: CEL's own operators and these functions. */
export const environment = new Environment({
  limits: { maxAstNodes: 400, maxDepth: 40, maxListElements: 32, maxMapEntries: 8, maxCallArguments: 4 },
})
  .registerType('Prediction', { ctor: Conclusion, fields: { ...Conclusion.fields } })
  .registerType('Verdict', { ctor: PartVerdictView, fields: { ...PartVerdictView.fields } })
  .registerFunction('signal(string): dyn', (name: string) => at().signal(name))
  .registerFunction('age(string): google.protobuf.Duration', (name: string) => length(at().age(name)))
  .registerFunction('quality(string): string', (name: string) => at().quality(name))
  .registerFunction('feature(string, string): double', (monitor: string, name: string) => at().feature(monitor, name))
  .registerFunction(
    'prediction(string): Prediction',
    (monitor: string) => new Conclusion(monitor, at().prediction(monitor), length),
  )
  .registerFunction(
    'prediction(string, string): Prediction',
    (monitor: string, asset: string) => new Conclusion(monitor, at().prediction(monitor, asset), length),
  )
  .registerFunction('alarm(string): string', (monitor: string) => at().alarm(monitor))
  .registerFunction('alarm(string, string): string', (monitor: string, asset: string) => at().alarm(monitor, asset))
  .registerFunction(
    'verdict(string): Verdict',
    (station: string) => new PartVerdictView(station, at().verdict(station)),
  )
  .registerFunction('state(string): string', (name: string) => at().state(name))
  .registerFunction('hour(): int', () => BigInt(at().hour()))
  .registerFunction('weekday(): int', () => BigInt(at().weekday()))

registerArithmetic(environment)

/** A type-checked expression. */
export class Expression {
  readonly text: string
  readonly #run: ParseResult

  /** Throws where it is not one: `problemsOf` says why. */
  constructor(text: string) {
    this.text = text
    this.#run = environment.parse(withArithmetic(environment.parse(text).ast))
  }

  /** Its value by what `from` reads. Throws `Undecided` with the reason where it has none. */
  value(from: Reader): Value {
    reader = from
    try {
      return plain(this.#run({}))
    } catch (error) {
      if (error instanceof Undecided) throw error
      throw new Undecided((error as { summary?: string }).summary ?? (error as Error).message)
    } finally {
      reader = undefined
    }
  }
}

function plain(result: unknown): Value {
  if (typeof result === 'bigint') return plain(Number(result))
  if (typeof result === 'number' && !Number.isFinite(result)) throw new Undecided(`the result is ${result}`)
  if (typeof result === 'number' || typeof result === 'boolean' || typeof result === 'string') return result
  throw new Undecided('the result is no number, text or truth')
}
