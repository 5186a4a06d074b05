import { source } from './board.ts'
import { newestOf, totalOf, type Condition, type Dialect, type Question } from './question.ts'

/** When an operator has to be told. Fires for each series of the answer by itself, where its figure is over the limit. */
interface Alert {
  readonly uid: string
  readonly title: string
  readonly summary: string
  readonly question: Question
  /** Seconds back that the question is asked about. */
  readonly range: number
  /** Grafana's expression over `B`, the figure: true fires. */
  readonly when: string
  /** How long it must last. */
  readonly lasts: string
  /** What no answer means. */
  readonly silence: 'OK' | 'Alerting'
  readonly severity: 'critical' | 'warning'
}

const part = (name: string): Condition[] => [{ tag: 'part', is: [name] }]
const by = ['site', 'name']

const alerts: readonly Alert[] = [
  {
    uid: 'millwright-open-alarm',
    title: 'Open alarm',
    summary: 'A machine of {{ $labels.site }} has an alarm that is active or that nobody has acknowledged.',
    question: newestOf('agent', part('process'), ['site'], { field: 'alarms', as: 'alarms' }),
    ...{ range: 120, when: '$B > 0', lasts: '0s', silence: 'OK', severity: 'warning' },
  },
  {
    uid: 'millwright-silent',
    title: 'Agent silent',
    summary: 'No reading of the agent has arrived for five minutes: it is down, or cannot reach this database.',
    question: totalOf('agent', part('process'), ['site'], 'count', { field: 'uptime', as: 'readings' }),
    ...{ range: 300, when: '$B < 1', lasts: '1m', silence: 'Alerting', severity: 'critical' },
  },
  {
    uid: 'millwright-source-down',
    title: 'Source down',
    summary: 'The source {{ $labels.name }} of {{ $labels.site }} is not connected.',
    question: newestOf('agent', part('source'), by, { field: 'up', as: 'up' }),
    ...{ range: 120, when: '$B < 1', lasts: '5m', silence: 'OK', severity: 'critical' },
  },
  {
    uid: 'millwright-sink-behind',
    title: 'Delivery behind',
    summary:
      'More than a million rows wait for {{ $labels.name }} of {{ $labels.site }}; the journal keeps them for a while.',
    question: newestOf('agent', part('sink'), by, { field: 'waiting', as: 'waiting' }),
    ...{ range: 120, when: '$B > 1000000', lasts: '10m', silence: 'OK', severity: 'warning' },
  },
  {
    uid: 'millwright-lost',
    title: 'Rows lost',
    summary: 'The journal was full and removed rows before {{ $labels.name }} of {{ $labels.site }} had them.',
    question: totalOf('agent', part('sink'), by, 'spread', { field: 'trimmed', as: 'lost' }),
    ...{ range: 3600, when: '$B > 0', lasts: '0s', silence: 'OK', severity: 'critical' },
  },
  {
    uid: 'millwright-refused',
    title: 'Rows refused',
    summary:
      '{{ $labels.name }} of {{ $labels.site }} refuses rows: `millwright dead-letters list` has its words; once the cause is mended, `millwright dead-letters resend` sends them.',
    question: totalOf('agent', part('sink'), by, 'spread', { field: 'refused', as: 'refused' }),
    ...{ range: 3600, when: '$B > 0', lasts: '0s', silence: 'OK', severity: 'warning' },
  },
  {
    uid: 'millwright-skew',
    title: 'Clock of a source is wrong',
    summary:
      'The clock of {{ $labels.name }} of {{ $labels.site }} differs from that of the agent by more than a minute.',
    question: newestOf('agent', part('source'), by, { field: 'skew', as: 'skew' }),
    ...{ range: 120, when: 'abs($B) > 60', lasts: '10m', silence: 'OK', severity: 'warning' },
  },
  {
    uid: 'millwright-training-failed',
    title: 'Training failed',
    summary: 'A training of {{ $labels.monitor }} of {{ $labels.site }} failed; the dashboard "Models" says why.',
    question: totalOf('model', [{ tag: 'step', is: ['failed'] }], ['site', 'monitor'], 'count', {
      field: 'detail',
      as: 'failures',
    }),
    ...{ range: 3600, when: '$B > 0', lasts: '0s', silence: 'OK', severity: 'warning' },
  },
]

/** Grafana's file of alert rules. */
export function alerting(dialect: Dialect): object {
  const rules = alerts.map((alert) => ({
    uid: alert.uid,
    title: alert.title,
    condition: 'C',
    data: [
      query(alert, dialect),
      expression('B', { type: 'reduce', expression: 'A', reducer: 'last' }),
      condition(alert),
    ],
    for: alert.lasts,
    noDataState: alert.silence,
    execErrState: 'Error',
    annotations: { summary: alert.summary },
    labels: { severity: alert.severity },
  }))
  return { apiVersion: 1, groups: [{ orgId: 1, name: 'Millwright', folder: 'Millwright', interval: '1m', rules }] }
}

function query({ question, range }: Alert, dialect: Dialect): object {
  // As JSON has it: without the SDK's mark of a query.
  const target = JSON.parse(JSON.stringify(dialect.target(question, 'A').build())) as object
  const datasource = { type: 'influxdb', uid: source.uid }
  return {
    refId: 'A',
    relativeTimeRange: { from: range, to: 0 },
    datasourceUid: source.uid,
    // A figure by series, so that each has a state and labels of its own.
    model: {
      ...target,
      datasource,
      intervalMs: 10_000,
      maxDataPoints: 1000,
      ...('resultFormat' in target && { resultFormat: 'time_series' }),
    },
  }
}

function condition({ when }: Alert): object {
  return expression('C', { type: 'math', expression: when })
}

function expression(refId: string, model: object): object {
  return {
    refId,
    datasourceUid: '__expr__',
    model: { refId, datasource: { type: '__expr__', uid: '__expr__' }, ...model },
  }
}
