import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type Labels, type MetricName, type Metrics, metrics as table } from '../core/index.ts'

/** The metrics of one agent: where components count, and how the counts are read. */
export interface MetricsRegistry {
  readonly metrics: Metrics
  /** Everything in the Prometheus text format, with the process's own metrics (memory, event loop, garbage collection). */
  text(): Promise<string>
  /** A counter's or gauge's value with exactly these labels; of a histogram the number of observations. 0 if there is none. */
  value(name: MetricName, labels?: Labels): number
}

const prefix = 'millwright_'
/** Seconds, from one call of a tiny model to a pipeline that is far behind. */
const buckets = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

interface Series {
  readonly labels: Labels
  value: number
}

/**
 * Metrics for every row of the core's table. Counts are kept here, one number per combination of labels, and handed to
 * prom-client when they are asked for: counting costs a map look-up. Amounts that are negative or not a number are left out.
 */
export function createMetrics(): MetricsRegistry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix })
  const all = Object.keys(table) as MetricName[]
  const series = new Map(all.map((name) => [name, new Map<string, Series>()]))
  const histograms = new Map(all.flatMap((name) => register(registry, name, series.get(name)!)))
  const at = (name: MetricName, labels: Labels): Series => {
    const known = series.get(name)!
    const key = keyOf(name, labels)
    let found = known.get(key)
    if (!found) known.set(key, (found = { labels: ownLabels(name, labels), value: 0 }))
    return found
  }
  const metrics: Metrics = {
    count: (name, amount, labels = {}) => {
      if (amount >= 0) at(name, labels).value += amount
    },
    gauge: (name, value, labels = {}) => {
      if (!Number.isNaN(value)) at(name, labels).value = value
    },
    observe: (name, seconds, labels = {}) => {
      if (!(seconds >= 0)) return
      const found = at(name, labels)
      found.value++
      histograms.get(name)?.observe(found.labels, seconds)
    },
  }
  return {
    metrics,
    text: () => registry.metrics(),
    value: (name, labels = {}) => series.get(name)!.get(keyOf(name, labels))?.value ?? 0,
  }
}

/** Makes the metric; a histogram counts by itself, the others read their series when they are collected. */
function register(
  registry: Registry,
  name: MetricName,
  series: ReadonlyMap<string, Series>,
): [MetricName, Histogram][] {
  const { type, labels, help } = table[name]
  const shared = { name: prefix + name, help, labelNames: [...labels], registers: [registry] }
  if (type === 'histogram') return [[name, new Histogram({ ...shared, buckets })]]
  if (type === 'counter')
    new Counter({
      ...shared,
      collect() {
        this.reset()
        for (const { labels, value } of series.values()) this.inc(labels, value)
      },
    })
  else
    new Gauge({
      ...shared,
      collect() {
        this.reset()
        for (const { labels, value } of series.values()) this.set(labels, value)
      },
    })
  return []
}

function keyOf(name: MetricName, labels: Labels): string {
  let key = ''
  for (const label of table[name].labels) key += `${labels[label] ?? ''}\n`
  return key
}

/** The labels that the table gives this metric; a label that was left out is empty. */
function ownLabels(name: MetricName, labels: Labels): Labels {
  return Object.fromEntries(table[name].labels.map((label) => [label, labels[label] ?? '']))
}
