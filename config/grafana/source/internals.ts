import { atSite, type Board } from './board.ts'
import { figures, table, trend, type PanelOptions } from './panels.ts'
import { listOf, newestOf, trendOf, type Curve, type QuestionOf } from './question.ts'
import { noneIsGood, ofPart } from './shared.ts'

const over = (part: string, ...curves: Curve[]): QuestionOf<'trend'> =>
  trendOf('agent', ofPart(part), part === 'process' ? ['site'] : ['site', 'name'], ...curves)

const figure = (title: string, field: string, more: Partial<PanelOptions> = {}) =>
  figures({ title, span: 4, height: 4, questions: [over('process', { field, how: 'last', as: title })], ...more })

const process = [
  figure('CPU', 'cpu', { unit: 'percentunit', description: 'Of one core, since the reading before.' }),
  figure('Memory', 'memory', { unit: 'bytes' }),
  figure('Uptime', 'uptime', { unit: 's' }),
  figure('Event loop delay', 'loop_delay', { unit: 's', description: '99 % quantile since the reading before.' }),
  figure('Pipeline lag', 'lag', { description: 'Records in the journal that the pipeline has not handled.' }),
  figure('Open alarms', 'alarms', { thresholds: noneIsGood }),
]

const sources = [
  trend({
    title: 'Received',
    unit: 'cps',
    span: 12,
    height: 8,
    questions: [over('source', { field: 'received', how: 'rate', as: 'Samples' })],
  }),
  trend({
    title: 'Put aside',
    description: 'Samples that could not be used; they are dead letters with their reason.',
    unit: 'cps',
    span: 6,
    height: 8,
    questions: [over('source', { field: 'rejected', how: 'rate', as: 'Rejected' })],
  }),
  trend({
    title: 'Clock skew',
    description: 'Arrival minus time stamp; negative: the clock of the source is ahead.',
    unit: 's',
    span: 6,
    height: 8,
    questions: [over('source', { field: 'skew', how: 'last', as: 'Skew' })],
  }),
  table({
    title: 'Ledger of the sources',
    description: 'received = stored + rejected + in flight',
    span: 12,
    height: 7,
    questions: [
      newestOf(
        'agent',
        ofPart('source'),
        ['site', 'name'],
        ...['up', 'received', 'stored', 'rejected', 'in_flight', 'refused'].map((field) => ({ field, as: field })),
      ),
    ],
  }),
  table({
    title: 'Gaps',
    description: 'Samples that a source could not get back.',
    span: 12,
    height: 7,
    noValue: 'none',
    columns: {
      start: [{ id: 'unit', value: 'dateTimeAsIso' }],
      end: [{ id: 'unit', value: 'dateTimeAsIso' }],
    },
    questions: [listOf('gap', [atSite], ['source'], 'start', 'end', 'detail')],
  }),
]

const sinks = [
  trend({
    title: 'Delivered',
    unit: 'cps',
    span: 12,
    height: 8,
    questions: [over('sink', { field: 'delivered', how: 'rate', as: 'Rows' })],
  }),
  trend({
    title: 'Waiting',
    description: 'Rows in the journal that the far side does not have yet.',
    unit: 'short',
    span: 12,
    height: 8,
    min: 0,
    questions: [over('sink', { field: 'waiting', how: 'last', as: 'Rows' })],
  }),
  table({
    title: 'Ledger of the sinks',
    description: 'stored = delivered + dead + waiting + trimmed',
    span: 12,
    height: 7,
    questions: [
      newestOf(
        'agent',
        ofPart('sink'),
        ['site', 'name'],
        ...['up', 'stored', 'delivered', 'dead', 'waiting', 'trimmed'].map((field) => ({ field, as: field })),
      ),
    ],
  }),
]

const journal = [
  trend({
    title: 'Journal',
    unit: 'bytes',
    span: 6,
    height: 7,
    min: 0,
    questions: [over('journal', { field: 'bytes', how: 'last', as: 'Bytes' })],
  }),
  trend({
    title: 'Written to the journal',
    unit: 'cps',
    span: 6,
    height: 7,
    questions: [over('journal', { field: 'rows', how: 'rate', as: 'Rows' })],
  }),
]

/** The agent itself. */
export const internals: Board = {
  uid: 'millwright-agent',
  title: 'Agent',
  description: 'How the agent does: process, journal, and where every sample and every result went.',
  variables: [],
  marks: [],
  rows: [
    { title: 'Process', panels: process },
    { title: 'Sources', panels: sources },
    { title: 'Sinks and journal', panels: [...sinks, ...journal] },
  ],
}
