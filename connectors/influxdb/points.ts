// Longer than others: each kind of record has its lines, and all share one buffer and its refusals.
import {
  type AgentEvent,
  type AlarmEvent,
  type Batch,
  type CorrectionEvent,
  type Entry,
  type GapEvent,
  type InspectionEvent,
  type MeasuredConclusion,
  type ModelEvent,
  type ReportEvent,
  type SilenceEvent,
  type Prediction,
  Quality,
  type Rejection,
  type TagTable,
  expressed,
  rowsOf,
} from '../../agent/core/index.ts'
import { BodyBuilder, type Body } from './body.ts'
import { escapeKey, quote, type LineWriter } from './line-writer.ts'

/** What a sink may be told to write. */
export const contents = [
  'samples',
  'aggregates',
  'predictions',
  'alarms',
  'models',
  'gaps',
  'reports',
  'agent',
  'inspections',
] as const
export type Content = (typeof contents)[number]

/** Names of the measurements. */
export interface MeasurementNames {
  readonly sensor: string
  readonly prediction: string
  readonly alarm: string
  readonly model: string
  readonly gap: string
  readonly report: string
  readonly agent: string
  readonly inspection: string
  readonly correction: string
  readonly tag: string
}

export interface PointOptions {
  readonly site: string
  readonly tags: TagTable
  readonly measurements: MeasurementNames
  readonly content: readonly Content[]
  readonly maxLines: number
  readonly maxBytes: number
}

/** Lines ready to be sent. All lines of one series are in one list, in their order: two lists may be sent at once. */
export interface Encoded {
  readonly lists: readonly (readonly Body[])[]
  readonly rejected: readonly Rejection[]
}

/** What never changes of a tag's lines. */
interface Series {
  /** Measurement, tags and quality field, by quality. */
  readonly heads: readonly Uint8Array[]
  /** A line of what the tag is, but for its time; undefined where nobody knows more than its type. */
  readonly about: string | undefined
  readonly write: (line: LineWriter, batch: Batch, row: number) => void
}

/** InfluxDB keeps times as signed 64-bit nanoseconds: the years 1677 to 2262. In µs. */
const latest = 9_223_372_036_854_774
/** Rows of an entry are fewer. */
const rowsApart = 2 ** 20
/** Longest value, time and line end, in bytes; texts make their own room. */
const tail = 96

const qualities = [Quality.good, Quality.uncertain, Quality.bad] as const
const valueKey = Buffer.from(',value=')
const integerKey = Buffer.from(',integer=')
const yes = Buffer.from(',state=true')
const no = Buffer.from(',state=false')

/** Turns entries of the results stream into line protocol. `README.md` beside this file has the measurements and fields. */
export class PointEncoder {
  readonly #options: PointOptions
  readonly #content: ReadonlySet<Content>
  readonly #series: Series[] = []
  /** By tag: whether its unit and type were written since the start. */
  readonly #described: boolean[] = []
  readonly #lists: readonly [BodyBuilder, BodyBuilder]
  /** By tag: time in µs and place in the stream of the row that was written last. */
  #times = new Float64Array(64).fill(NaN)
  #places = new Float64Array(64)
  #rejected: Rejection[] = []

  constructor(options: PointOptions) {
    this.#options = options
    this.#content = new Set(options.content)
    this.#lists = [
      new BodyBuilder(options.maxLines, options.maxBytes),
      new BodyBuilder(options.maxLines, options.maxBytes),
    ]
  }

  encode(entries: readonly Entry[]): Encoded {
    try {
      expressed(() => entries.forEach((entry, index) => this.#entry(entry, index)))
    } catch (error) {
      // What was begun is of another try.
      for (const list of this.#lists) list.take()
      this.#rejected = []
      throw error
    }
    const rejected = this.#rejected
    this.#rejected = []
    return { lists: this.#lists.map((list) => list.take()), rejected }
  }

  /** From now on bodies are no larger than this many bytes: the far side has refused a larger one. */
  limit(maxBytes: number): void {
    for (const list of this.#lists) list.limit(maxBytes)
  }

  #entry(entry: Entry, index: number): void {
    if (rowsOf(entry) === 0) return
    if (entry.kind === 'samples' && this.#content.has(this.#contentOf(entry.batch)))
      this.#samples(entry, entry.batch, index)
    if (entry.kind === 'predictions' && this.#content.has('predictions'))
      entry.predictions.forEach((prediction, row) =>
        this.#line(entry, index, row, prediction.time, this.#prediction(prediction)),
      )
    if (entry.kind === 'event') {
      const { event } = entry
      if (event.type === 'alarm' && this.#content.has('alarms'))
        this.#line(entry, index, 0, event.time, this.#alarm(event))
      if (event.type === 'model' && this.#content.has('models'))
        this.#line(entry, index, 0, event.time, this.#model(event))
      if (event.type === 'silence' && this.#content.has('predictions'))
        this.#line(entry, index, 0, event.time, this.#silence(event))
      if (event.type === 'gap' && this.#content.has('gaps')) this.#line(entry, index, 0, event.time, this.#gap(event))
      if (event.type === 'report' && this.#content.has('reports'))
        this.#line(entry, index, 0, event.time, this.#report(event))
      if (event.type === 'agent' && this.#content.has('agent'))
        for (const reading of event.readings) this.#line(entry, index, 0, event.time, this.#agent(reading))
      if (event.type === 'correction' && this.#content.has('inspections'))
        this.#line(entry, index, 0, event.time, this.#correction(event))
      if (event.type === 'inspection' && this.#content.has('inspections'))
        this.#line(entry, index, 0, event.time, this.#inspection(event))
    }
  }

  /** A batch holds samples, or features of windows. */
  #contentOf({ tag }: Batch): Content {
    return this.#options.tags.at(tag[0]).aggregate ? 'aggregates' : 'samples'
  }

  #samples(entry: Entry, batch: Batch, index: number): void {
    // Of an aggregate, what comes for the same time is a revision.
    const aggregate = this.#contentOf(batch) === 'aggregates'
    for (let row = 0; row < batch.length; row++) {
      const time = Math.round(batch.time[row] * 1000)
      if (!(Math.abs(time) <= latest)) {
        this.#reject(entry, row, batch.time[row])
        continue
      }
      const tag = batch.tag[row]
      if (!aggregate && this.#isTaken(tag, time, entry.offset * rowsApart + row))
        this.#rejected.push({ entry, row, detail: 'another row has its series and microsecond', overwritten: true })
      const list = this.#lists[tag & 1]
      const series = (this.#series[tag] ??= this.#makeSeries(tag))
      if (!this.#described[tag]) {
        this.#described[tag] = true
        if (series.about !== undefined) this.#line(entry, index, row, batch.time[row], series.about)
      }
      const quality = Math.min(batch.quality[row], Quality.bad)
      const head = series.heads[quality]
      list.writer.reserve(head.length + tail)
      list.writer.raw(head)
      if (quality < Quality.bad) series.write(list.writer, batch, row)
      list.writer.time(time)
      list.endLine(index, row)
    }
  }

  /** Whether a row before this one has its time; one that is written once more after a failure is no other. */
  #isTaken(tag: number, time: number, place: number): boolean {
    if (tag >= this.#times.length) this.#grow(tag)
    const taken = this.#times[tag] === time && this.#places[tag] < place
    this.#times[tag] = time
    this.#places[tag] = place
    return taken
  }

  #grow(tag: number): void {
    const wider = (column: Float64Array) => {
      const grown = new Float64Array(tag * 2).fill(NaN)
      grown.set(column)
      return grown
    }
    this.#times = wider(this.#times)
    this.#places = wider(this.#places)
  }

  #line(entry: Entry, index: number, row: number, time: number, text: string): void {
    const microseconds = Math.round(time * 1000)
    if (!(Math.abs(microseconds) <= latest)) {
      this.#reject(entry, row, time)
      return
    }
    const [list] = this.#lists
    list.writer.text(text)
    list.writer.reserve(tail)
    list.writer.time(microseconds)
    list.endLine(index, row)
  }

  #reject(entry: Entry, row: number, time: number): void {
    this.#rejected.push({
      entry,
      row,
      detail: `InfluxDB cannot store the time ${time} ms: only the years 1677 to 2262`,
    })
  }

  #makeSeries(index: number): Series {
    const tag = this.#options.tags.at(index)
    const { site, measurements } = this.#options
    if (tag.aggregate) {
      const { of, name, feature } = tag.aggregate
      const head = `${seriesKey(`${measurements.sensor}_${name}`, { ...placeOf(of), site })} ${escapeKey(feature)}=`
      const write: Series['write'] = (line, batch, row) => line.decimal(batch.value[row])
      return { heads: qualities.map(() => Buffer.from(head)), about: undefined, write }
    }
    const place = { ...placeOf(tag.name), site }
    const key = seriesKey(measurements.sensor, place)
    const heads = qualities.map((quality) => Buffer.from(`${key} quality=${quality}i`))
    const { type, unit, low, high, source } = tag
    const known = unit !== undefined || low !== undefined || high !== undefined
    const about = known ? seriesKey(measurements.tag, place) + fields({ type, unit, low, high, source }, {}) : undefined
    return { heads, about, write: valueWriters[type] }
  }

  #prediction(prediction: Prediction): string {
    const { site, measurements } = this.#options
    const { asset, monitor, kind, score, threshold, state, coverage, revision, model, contributions } = prediction
    const { value, lower, upper, label, probability } = prediction
    const missing = prediction.missing?.join(', ')
    const own = { state, model, score, threshold, coverage, missing, value, lower, upper, label, probability }
    return (
      seriesKey(measurements.prediction, { asset, kind, monitor, site }) +
      fields({ ...own, ...shares(contributions) }, { revision })
    )
  }

  #silence({ asset, monitor, kind }: SilenceEvent): string {
    const { site, measurements } = this.#options
    return (
      seriesKey(measurements.prediction, { asset, kind, monitor, site }) + fields({ state: 'unknown', coverage: 0 }, {})
    )
  }

  #alarm(event: AlarmEvent): string {
    const { site, measurements } = this.#options
    const { asset, monitor, change, id, state, score, threshold, raised, contributions, by, reason, detail } = event
    return (
      seriesKey(measurements.alarm, { asset, change, monitor, site }) +
      fields(
        { id, state, by, reason, detail, score, threshold, ...shares(contributions) },
        { raised: Math.round(raised) },
      )
    )
  }

  #model(event: ModelEvent): string {
    const { site, measurements } = this.#options
    const { monitor, step, version, detail } = event
    return seriesKey(measurements.model, { monitor, site, step }) + fields({ detail, version }, {})
  }

  #gap(event: GapEvent): string {
    const { site, measurements } = this.#options
    const { source, from, to, detail } = event
    const times = { start: Math.round(from), end: Math.round(to) }
    return seriesKey(measurements.gap, { site, source }) + fields({ detail }, times)
  }

  #report({
    asset,
    kind,
    origin,
    source,
    id,
    message,
    severity,
    alarm,
    active,
    acknowledged,
    confirmed,
  }: ReportEvent): string {
    const { site, measurements } = this.#options
    return (
      seriesKey(measurements.report, { asset, kind, origin, site }) +
      fields({ source, id, message, alarm, active, acknowledged, confirmed }, { severity })
    )
  }

  #agent({ part, name, values }: AgentEvent['readings'][number]): string {
    const { site, measurements } = this.#options
    return seriesKey(measurements.agent, { name, part, site }) + fields(values, {})
  }

  #correction({ station, part, class: truth, of, by, note, image }: CorrectionEvent): string {
    const { site, measurements } = this.#options
    return (
      seriesKey(measurements.correction, { site, station }) +
      fields({ part, class: truth, by, note, image }, of === undefined ? {} : { verdict_time: Math.round(of) })
    )
  }

  #inspection(event: InspectionEvent): string {
    const { site, measurements } = this.#options
    const { station, verdict, part, label, score, threshold, model, ms, values, measured, reason, image } = event
    const named = Object.entries(values).map(([name, value]) => [escapeKey(`value_${name}`), value] as const)
    const own = { part, label, score: score ?? undefined, threshold: threshold ?? undefined, model, ms, reason, image }
    return (
      seriesKey(measurements.inspection, { site, station, verdict }) +
      fields({ ...own, ...Object.fromEntries(named), ...(measured && conclusionFields(measured)) }, {})
    )
  }
}

/**
 * Where a tag's name places it, `line3/pump7/vibration`: the last segment is the tag, what is before it the asset (as in
 * predictions), the first segment the line where there are three or more. `pump7/vibration` has no line, `vibration` no
 * asset. A name with an empty first or last segment is all tag, so that no two names give one series.
 */
export function placeOf(name: string): { asset: string; line: string; tag: string } {
  const slash = name.lastIndexOf('/')
  if (slash <= 0 || slash === name.length - 1) return { asset: '', line: '', tag: name }
  const asset = name.slice(0, slash)
  const first = asset.indexOf('/')
  return { asset, line: first > 0 ? asset.slice(0, first) : '', tag: name.slice(slash + 1) }
}

/** A value is written in the field of its tag's type; one that does not fit it (a mean of integers) as float in `value`. */
const valueWriters: Readonly<Record<'number' | 'integer' | 'boolean' | 'text', Series['write']>> = {
  number: (line, batch, row) => writeFloat(line, batch.value[row]),
  integer: (line, batch, row) => {
    const exact = batch.exact?.[row] ?? 0n
    const value = batch.value[row]
    if (exact === 0n && !Number.isSafeInteger(value)) {
      writeFloat(line, value)
      return
    }
    line.raw(integerKey)
    line.integer(exact === 0n ? value : exact)
  },
  boolean: (line, batch, row) => {
    const value = batch.value[row]
    if (value === 1) line.raw(yes)
    else if (value === 0) line.raw(no)
    else writeFloat(line, value)
  },
  text: (line, batch, row) => {
    const text = batch.texts?.[batch.value[row]]
    if (text === undefined) return
    line.text(`,text=${quote(text)}`)
    line.reserve(tail)
  },
}

/** InfluxDB has no NaN and no infinity: such a point has its quality only. */
function writeFloat(line: LineWriter, value: number): void {
  if (!Number.isFinite(value)) return
  line.raw(valueKey)
  line.decimal(value)
}

/** Measurement and tags in the order of their keys, as the server likes them best; empty ones are left out. */
function seriesKey(measurement: string, tags: Readonly<Record<string, string>>): string {
  let key = measurement
  for (const name of Object.keys(tags).sort()) {
    const value = escapeKey(tags[name])
    if (value !== '') key += `,${name}=${value}`
  }
  return key
}

/** Texts and floats as they come, then integers; what is absent or not finite is left out. */
function fields(
  values: Readonly<Record<string, string | number | boolean | undefined>>,
  integers: Readonly<Record<string, number>>,
): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string') parts.push(`${name}=${quote(value)}`)
    else if (typeof value === 'boolean' || Number.isFinite(value)) parts.push(`${name}=${value}`)
  }
  for (const [name, value] of Object.entries(integers)) if (Number.isFinite(value)) parts.push(`${name}=${value}i`)
  return ` ${parts.join(',')}`
}

/** What a model of measured values concluded. */
function conclusionFields({ label, score, threshold, model, contributions }: MeasuredConclusion) {
  return {
    measured_label: label,
    measured_score: score ?? undefined,
    measured_threshold: threshold,
    measured_model: model,
    ...shares(contributions),
  }
}

/** Contributions as one float field per role. */
function shares(contributions: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(contributions).map(([role, share]) => [escapeKey(`contribution_${role}`), share]),
  )
}
