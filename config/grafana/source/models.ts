import { atSite, chosen, monitor, type Board } from './board.ts'
import { modelMarks } from './marks.ts'
import { states, table, trend } from './panels.ts'
import { listOf, newestOf, totalOf, trendOf, type Condition } from './question.ts'
import { beyond, modelSteps, textColours, upToOne } from './shared.ts'

const filters: Condition[] = [atSite, chosen('monitor')]

const inUse = table({
  title: 'Models in use',
  span: 8,
  height: 7,
  questions: [
    newestOf(
      'prediction',
      filters,
      ['monitor'],
      { field: 'model', as: 'Version' },
      { field: 'threshold', as: 'Threshold' },
    ),
  ],
})

const versions = states({
  title: 'Versions over time',
  span: 16,
  height: 7,
  questions: [trendOf('prediction', filters, ['monitor'], { field: 'model', how: 'last', as: 'Version' })],
})

const steps = table({
  title: 'Steps of their lives',
  span: 16,
  height: 9,
  columns: { step: textColours(modelSteps) },
  questions: [listOf('model', filters, ['monitor', 'step'], 'version', 'detail')],
})

const counts = table({
  title: 'Steps in this time',
  span: 8,
  height: 9,
  columns: { step: textColours(modelSteps) },
  questions: [totalOf('model', filters, ['monitor', 'step'], 'count', { field: 'detail', as: 'Times' })],
})

const anomalies = trend({
  title: 'Windows judged abnormal',
  description: 'A jump after a model was put to work says that it learned something else than the plant does now.',
  span: 12,
  height: 8,
  draw: 'bars',
  questions: [
    trendOf('prediction', [...filters, { field: 'state', is: beyond }], ['monitor'], {
      field: 'state',
      how: 'count',
      as: 'Windows',
    }),
  ],
})

const drift = trend({
  title: 'Mean score in thresholds',
  description: 'A slow rise over days is drift: the machines, the product or the season have changed.',
  span: 12,
  height: 8,
  min: 0,
  thresholds: [upToOne[0], upToOne[2]],
  questions: [
    trendOf('prediction', filters, ['monitor'], { field: 'score', per: 'threshold', how: 'mean', as: 'Score' }),
  ],
})

/** The life of models: trained, put to work, replaced. */
export const models: Board = {
  uid: 'millwright-models',
  title: 'Models',
  description: 'Which model is at work, since when, and whether it still fits.',
  variables: [monitor],
  marks: [modelMarks],
  rows: [
    { title: 'Life cycle', panels: [inUse, versions, steps, counts] },
    { title: 'Fit', panels: [anomalies, drift] },
  ],
}
