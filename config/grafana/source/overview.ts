import { asset, filters, monitor, type Board } from './board.ts'
import { alarmMarks, modelMarks } from './marks.ts'
import { coloured, figures, states, table, trend } from './panels.ts'
import { listOf, newestOf, totalOf, trendOf, type Condition } from './question.ts'
import { alarmStates, noneIsGood, ofPart, predictionStates, textColours, upToOne } from './shared.ts'

const raised: Condition[] = [...filters, { tag: 'change', is: ['raised'] }]

const openAlarms = figures({
  title: 'Open alarms',
  description: 'Active or not acknowledged, of the whole site.',
  span: 4,
  height: 4,
  thresholds: noneIsGood,
  questions: [newestOf('agent', ofPart('process'), ['site'], { field: 'alarms', as: 'Open alarms' })],
})

const alarmsRaised = figures({
  title: 'Alarms in this time',
  span: 4,
  height: 4,
  noValue: '0',
  thresholds: noneIsGood,
  sum: true,
  questions: [totalOf('alarm', raised, [], 'count', { field: 'id', as: 'Alarms' })],
})

const received = figures({
  title: 'Samples received per second',
  decimals: 0,
  span: 8,
  height: 4,
  questions: [trendOf('agent', ofPart('source'), ['site', 'name'], { field: 'received', how: 'rate', as: 'Samples' })],
})

const waiting = figures({
  title: 'Waiting for delivery',
  description: 'Rows in the journal that a far side does not have yet.',
  unit: 'short',
  span: 8,
  height: 4,
  questions: [trendOf('agent', ofPart('sink'), ['site', 'name'], { field: 'waiting', how: 'last', as: 'Waiting' })],
})

const machineStates = states({
  title: 'State of the machines',
  span: 24,
  height: 8,
  mappings: predictionStates,
  questions: [trendOf('prediction', filters, ['asset', 'monitor'], { field: 'state', how: 'last', as: 'State' })],
})

const toAsset = {
  title: 'Show this machine',
  url: '/d/millwright-asset?var-asset=${__value.raw}&${__url_time_range}&${datasource:queryparam}&${site:queryparam}',
}

const machines = table({
  title: 'Machines',
  description: 'The newest conclusion on each. Score in thresholds: 1 is where an anomaly begins.',
  span: 12,
  height: 9,
  columns: {
    State: textColours(predictionStates),
    'Score in thresholds': [
      coloured,
      { id: 'decimals', value: 2 },
      { id: 'thresholds', value: { mode: 'absolute', steps: upToOne } },
    ],
    asset: [{ id: 'links', value: [toAsset] }],
  },
  questions: [
    newestOf(
      'prediction',
      filters,
      ['asset', 'monitor'],
      { field: 'state', as: 'State' },
      { field: 'score', per: 'threshold', as: 'Score in thresholds' },
      { field: 'model', as: 'Model' },
    ),
  ],
})

const scores = trend({
  title: 'Score in thresholds',
  description: '1 is where an anomaly begins.',
  span: 12,
  height: 9,
  min: 0,
  thresholds: [upToOne[0], upToOne[2]],
  questions: [
    trendOf('prediction', filters, ['asset', 'monitor'], {
      field: 'score',
      per: 'threshold',
      how: 'mean',
      as: 'Score',
    }),
  ],
})

const changes = table({
  title: 'Changes of alarms',
  span: 16,
  height: 9,
  columns: { change: textColours(alarmStates), state: textColours(alarmStates) },
  questions: [listOf('alarm', filters, ['asset', 'monitor', 'change'], 'state', 'score', 'threshold', 'by', 'reason')],
})

const byMachine = table({
  title: 'Alarms by machine',
  span: 8,
  height: 9,
  questions: [totalOf('alarm', raised, ['asset', 'monitor'], 'count', { field: 'id', as: 'Alarms' })],
})

/** Every machine of the plant: is it well, and which has trouble? */
export const overview: Board = {
  uid: 'millwright-overview',
  title: 'Plant overview',
  description: 'Every machine at a glance: its state, its score in thresholds, its alarms.',
  variables: [asset, monitor],
  marks: [alarmMarks, modelMarks],
  rows: [
    { title: 'Now', panels: [openAlarms, alarmsRaised, received, waiting, machineStates, machines, scores] },
    { title: 'Alarms', panels: [changes, byMachine] },
  ],
}
