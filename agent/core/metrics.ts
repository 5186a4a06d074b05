/** Every metric of the agent. The Prometheus exposition and its reference are made from this table. */
export const metrics = {
  received_samples_total: { type: 'counter', labels: ['source'], help: 'Samples received by a source.' },
  rejected_samples_total: { type: 'counter', labels: ['source', 'reason'], help: 'Samples put aside as dead letters.' },
  repaired_times_total: {
    type: 'counter',
    labels: ['source', 'fallback'],
    help: 'Samples whose timestamp was absent or absurd, by what replaced it.',
  },
  duplicate_messages_total: {
    type: 'counter',
    labels: ['source'],
    help: 'Live messages that were the retained one again, with the same times; not stored twice.',
  },
  clock_skew_seconds: {
    type: 'gauge',
    labels: ['source'],
    help: 'Median of arrival time minus source time; negative: the source is ahead.',
  },
  parts_left_out: {
    type: 'gauge',
    labels: ['part'],
    help: '1 for a part that the agent does without, as it ended it three times within a minute.',
  },
  source_up: { type: 'gauge', labels: ['source'], help: '1 while the source is connected.' },
  reconnects_total: { type: 'counter', labels: ['source'], help: 'Connections that were made again.' },
  rebuilds_total: {
    type: 'counter',
    labels: ['source'],
    help: 'Clients rebuilt because data and keep-alives had stopped.',
  },
  quarantined_items: { type: 'gauge', labels: ['source'], help: 'Items that the server refuses; retried.' },
  paused_total: {
    type: 'counter',
    labels: ['source'],
    help: 'Times a source stopped reading because the journal was behind.',
  },
  operator_changes_total: {
    type: 'counter',
    labels: ['operator', 'change'],
    help: 'Samples an operator dropped, changed or made.',
  },
  late_samples_total: {
    type: 'counter',
    labels: ['monitor'],
    help: 'Samples after the end of their window: it was revised, or it was too late.',
  },
  future_samples_total: {
    type: 'counter',
    labels: ['monitor'],
    help: 'Samples so far ahead of their arrival that windows leave them out.',
  },
  windows_total: { type: 'counter', labels: ['monitor'], help: 'Windows closed, revisions included.' },
  predictions_total: { type: 'counter', labels: ['monitor', 'state'], help: 'Predictions made.' },
  alarms_total: { type: 'counter', labels: ['monitor', 'change'], help: 'Changes of alarms.' },
  inspections_total: { type: 'counter', labels: ['station', 'verdict'], help: 'Verdicts on parts.' },
  inspections_dropped_total: {
    type: 'counter',
    labels: ['station'],
    help: 'Images that came faster than they were judged and did not fit the queue.',
  },
  inspections_not_kept_total: {
    type: 'counter',
    labels: ['station'],
    help: 'Images that were to be kept and are not: the disk refused them, faces could not be looked for, or too many were in hand.',
  },
  inspection_seconds: {
    type: 'histogram',
    labels: ['station'],
    help: 'From the arrival of an image to its verdict, with the wait for measured values.',
  },
  reject_signals_total: {
    type: 'counter',
    labels: ['station', 'outcome'],
    help: 'Signals to a PLC, by what became of them: done is written and read back.',
  },
  decisions_total: {
    type: 'counter',
    labels: ['action', 'step'],
    help: 'Steps of decisions of actions: proposed, approved, blocked, confirmed and so on.',
  },
  drift_psi: {
    type: 'gauge',
    labels: ['monitor'],
    help: 'Largest population stability index of a feature against the training; above 0.25 it has drifted.',
  },
  drift_page_hinkley: {
    type: 'gauge',
    labels: ['monitor'],
    help: 'Page-Hinkley sum of scores or deviations, as a share of its limit; above 1 it has drifted.',
  },
  score_seconds: { type: 'histogram', labels: ['monitor'], help: 'Duration of one call of a model.' },
  latency_seconds: { type: 'histogram', labels: [], help: 'From the arrival of the newest sample to its prediction.' },
  disk_free_bytes: { type: 'gauge', labels: [], help: 'Bytes free on the disk of the data folder.' },
  journal_bytes: { type: 'gauge', labels: ['stream'], help: 'Bytes stored.' },
  journal_records: { type: 'gauge', labels: ['stream'], help: 'Records stored.' },
  journal_corrupt_total: {
    type: 'counter',
    labels: ['stream'],
    help: 'Records skipped because their checksum was wrong.',
  },
  journal_trimmed_rows_total: {
    type: 'counter',
    labels: ['stream'],
    help: 'Rows removed by the bounds of size and age.',
  },
  sink_up: { type: 'gauge', labels: ['sink'], help: '1 while the far side of a sink accepts.' },
  delivered_rows_total: { type: 'counter', labels: ['sink'], help: 'Rows the far side has accepted.' },
  overwritten_rows_total: {
    type: 'counter',
    labels: ['sink'],
    help: 'Rows whose place at the far side another of the same series and microsecond has taken.',
  },
  dead_rows_total: { type: 'counter', labels: ['sink'], help: 'Rows the far side will never accept.' },
  undelivered_rows_total: {
    type: 'counter',
    labels: ['sink'],
    help: 'Rows that were gone from the journal before the sink had them.',
  },
  waiting_rows: { type: 'gauge', labels: ['sink'], help: 'Rows that wait for delivery.' },
  delivery_retries_total: {
    type: 'counter',
    labels: ['sink', 'code'],
    help: 'Deliveries that were tried again, by error code.',
  },
  pipeline_lag_records: {
    type: 'gauge',
    labels: [],
    help: 'Records in the journal that the pipeline has not handled.',
  },
} as const satisfies Record<
  string,
  { type: 'counter' | 'gauge' | 'histogram'; labels: readonly string[]; help: string }
>

export type MetricName = keyof typeof metrics
export type Labels = Readonly<Record<string, string>>

/** Where components count. Call it once a batch, not once a sample. */
export interface Metrics {
  /** Adds to a counter. */
  count(metric: MetricName, amount: number, labels?: Labels): void
  /** Sets a gauge. */
  gauge(metric: MetricName, value: number, labels?: Labels): void
  /** Adds an observation, in seconds, to a histogram. */
  observe(metric: MetricName, seconds: number, labels?: Labels): void
}

/** Counts nothing. */
export const silentMetrics: Metrics = { count: () => undefined, gauge: () => undefined, observe: () => undefined }
