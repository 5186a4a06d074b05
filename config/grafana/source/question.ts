import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'

/** Measurements and their names in InfluxDB, as `connectors/influxdb` writes them. */
export type Measurement = 'sensor' | 'prediction' | 'inspection' | 'alarm' | 'model' | 'gap' | 'agent'

/** How the values of an interval become one. `rate`: increase of a counter, per second. */
export type Summary = 'mean' | 'min' | 'max' | 'last' | 'count' | 'spread' | 'rate'

/** A column of the answer: a field under another name, as it is or divided by another field. */
export interface Column {
  readonly field: string
  readonly as: string
  readonly per?: string
}

/** A column over time, summarised by interval; or one for each field whose name matches. */
export type Curve = { readonly how: Summary } & (Column | { readonly matching: string })

/** A tag that a variable of the dashboard chooses; or a tag or field that has one of these values. */
export type Condition =
  | { readonly tag: string; readonly variable: string }
  | { readonly tag: string; readonly is: readonly string[] }
  | { readonly field: string; readonly is: readonly string[] }

/**
 * One question to the database, in words that both query languages have.
 * - `trend`: curves over time, by interval;
 * - `newest`: the newest value of each field in the time range, one row per series;
 * - `total`: one figure over the whole time range, one row per series;
 * - `list`: the points themselves, newest first.
 */
export type Question = {
  readonly from: Measurement
  readonly where: readonly Condition[]
  /** Tags that tell series apart; of a list, the tags to show. */
  readonly by: readonly string[]
} & (
  | { readonly shape: 'trend'; readonly curves: readonly Curve[] }
  | { readonly shape: 'newest'; readonly columns: readonly Column[] }
  | { readonly shape: 'total'; readonly how: Summary; readonly column: Column }
  | { readonly shape: 'list'; readonly columns: readonly string[] }
)
export type QuestionOf<Shape extends Question['shape']> = Extract<Question, { readonly shape: Shape }>

type Where = readonly Condition[]
type By = readonly string[]

/** Plants that share a database are never taken together: the site tells series apart wherever tags do. */
const withSite = (by: By): By => (by.includes('site') ? by : ['site', ...by])

export function trendOf(from: Measurement, where: Where, by: By, ...curves: Curve[]): QuestionOf<'trend'> {
  return { shape: 'trend', from, where, by: withSite(by), curves }
}

export function newestOf(from: Measurement, where: Where, by: By, ...columns: Column[]): QuestionOf<'newest'> {
  return { shape: 'newest', from, where, by: withSite(by), columns }
}

export function totalOf(from: Measurement, where: Where, by: By, how: Summary, column: Column): QuestionOf<'total'> {
  return { shape: 'total', from, where, by: withSite(by), how, column }
}

export function listOf(from: Measurement, where: Where, by: By, ...columns: string[]): QuestionOf<'list'> {
  return { shape: 'list', from, where, by, columns }
}

/** A variable of a dashboard: the values of a tag. */
export interface Choice {
  readonly tag: string
  readonly from: Measurement
  readonly where: readonly Condition[]
}

/** Marks on the time axis: which points, and which of their columns are text and tags. */
export interface Marks {
  readonly name: string
  readonly color: string
  readonly question: QuestionOf<'list'>
  readonly title: string
  readonly text: string
  readonly tags: readonly string[]
}

/** A query language of InfluxDB and how Grafana is told of it. */
export interface Dialect {
  readonly name: 'influxql' | 'flux'
  /** The query, with Grafana's macros and variables in it. */
  query(question: Question): string
  /** The query that lists the values of a tag. */
  choices(choice: Choice): string
  target(question: Question, refId: string): Builder<Dataquery>
  /** What Grafana needs beside the query to place marks, on the annotation itself. */
  marks(marks: Marks): object
  /** Name of a series on a panel, for panels that name them by their tags. */
  displayName(question: Question): string | undefined
}

/** Whether the series of a trend have to be told apart by their curve, not only by their tags. */
export function namesCurves({ curves, by }: QuestionOf<'trend'>): boolean {
  return curves.length > 1 || 'matching' in curves[0] || by.length === 0
}

/** The target of a panel; the SDK has none for InfluxDB. */
export class Target implements Builder<Dataquery> {
  readonly #model: object

  constructor(model: object) {
    this.#model = model
  }

  build(): Dataquery {
    return { ...this.#model, _implementsDataqueryVariant: () => undefined }
  }
}
