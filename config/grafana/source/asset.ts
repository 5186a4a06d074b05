import { asset, atSite, chosen, filters, monitor, type Board } from './board.ts'
import { alarmMarks, modelMarks } from './marks.ts'
import { states, table, trend } from './panels.ts'
import { listOf, newestOf, trendOf, type Condition, type Curve } from './question.ts'
import { alarmStates, predictionStates, textColours } from './shared.ts'

const ofAsset: Condition[] = [atSite, chosen('asset')]
const ofKind = (kind: string): Condition[] => [...filters, { tag: 'kind', is: [kind] }]

const signals = trend({
  title: 'Signals',
  span: 24,
  height: 10,
  questions: [
    trendOf('sensor', ofAsset, ['tag'], { field: 'value', how: 'mean', as: 'Value' }),
    trendOf('sensor', ofAsset, ['tag'], { field: 'integer', how: 'mean', as: 'Value' }),
  ],
})

const switches = states({
  title: 'States',
  description: 'Signals that are on or off, or texts.',
  span: 12,
  height: 6,
  questions: [
    trendOf('sensor', ofAsset, ['tag'], { field: 'state', how: 'last', as: 'State' }),
    trendOf('sensor', ofAsset, ['tag'], { field: 'text', how: 'last', as: 'State' }),
  ],
})

const quality = states({
  title: 'Worst quality',
  description: '0 good, 1 uncertain, 2 bad.',
  span: 12,
  height: 6,
  thresholds: [
    { value: null, color: 'green' },
    { value: 1, color: 'yellow' },
    { value: 2, color: 'red' },
  ],
  questions: [trendOf('sensor', ofAsset, ['tag'], { field: 'quality', how: 'max', as: 'Quality' })],
})

const score = trend({
  title: 'Score and threshold',
  span: 12,
  height: 9,
  min: 0,
  questions: [
    trendOf(
      'prediction',
      ofKind('anomaly'),
      ['monitor'],
      { field: 'score', how: 'max', as: 'Score' },
      { field: 'threshold', how: 'mean', as: 'Threshold' },
    ),
  ],
  columns: { '/Threshold$/': [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } }] },
})

const contributions = trend({
  title: 'What the score comes from',
  description: 'Share of each signal in the score.',
  unit: 'percentunit',
  span: 12,
  height: 9,
  draw: 'stacked',
  questions: [trendOf('prediction', filters, ['monitor'], { matching: '^contribution_', how: 'mean' })],
  transformations: [
    { id: 'renameByRegex', options: { regex: '(.*) (?:mean_)?contribution_(.*)', renamePattern: '$1 $2' } },
  ],
})

const state = states({
  title: 'State',
  span: 12,
  height: 5,
  mappings: predictionStates,
  questions: [trendOf('prediction', filters, ['monitor'], { field: 'state', how: 'last', as: 'State' })],
})

const version = states({
  title: 'Model version',
  span: 12,
  height: 5,
  questions: [trendOf('prediction', filters, ['monitor'], { field: 'model', how: 'last', as: 'Version' })],
})

const interval: Curve[] = [
  { field: 'value', how: 'mean', as: 'Value' },
  { field: 'lower', how: 'mean', as: 'Lower' },
  { field: 'upper', how: 'mean', as: 'Upper' },
]

const life = trend({
  title: 'Remaining life',
  description: 'With the interval it lies in.',
  span: 8,
  height: 8,
  min: 0,
  noValue: 'no monitor of remaining life',
  questions: [trendOf('prediction', ofKind('rul'), ['monitor'], ...interval)],
})

const estimate = trend({
  title: 'Estimates',
  description: 'With the interval they lie in.',
  span: 8,
  height: 8,
  noValue: 'no monitor that estimates',
  questions: [trendOf('prediction', ofKind('estimate'), ['monitor'], ...interval)],
})

const faults = table({
  title: 'Newest fault verdict',
  span: 8,
  height: 8,
  noValue: 'no monitor of faults',
  columns: { Probability: [{ id: 'unit', value: 'percentunit' }] },
  questions: [
    newestOf(
      'prediction',
      ofKind('fault'),
      ['monitor'],
      { field: 'label', as: 'Fault' },
      { field: 'probability', as: 'Probability' },
      { field: 'state', as: 'State' },
    ),
  ],
})

const alarms = table({
  title: 'Changes of alarms',
  span: 16,
  height: 8,
  columns: { change: textColours(alarmStates), state: textColours(alarmStates) },
  questions: [listOf('alarm', filters, ['monitor', 'change'], 'state', 'score', 'threshold', 'by', 'reason')],
})

const coverage = trend({
  title: 'Good samples in the windows',
  unit: 'percentunit',
  span: 8,
  height: 8,
  min: 0,
  max: 1,
  questions: [trendOf('prediction', filters, ['monitor'], { field: 'coverage', how: 'min', as: 'Coverage' })],
})

/** One machine: its signals, what monitors conclude and from what. */
export const assetBoard: Board = {
  uid: 'millwright-asset',
  title: 'Machine',
  description: 'One machine: its signals with their quality, scores and what they come from, remaining life, alarms.',
  variables: [{ ...asset, single: true }, monitor],
  marks: [alarmMarks, modelMarks],
  rows: [
    { title: 'Signals', panels: [signals, switches, quality] },
    { title: 'Conclusions', panels: [score, contributions, state, version, life, estimate, faults] },
    { title: 'Alarms', panels: [alarms, coverage] },
  ],
}
