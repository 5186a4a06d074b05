import { atSite, chosen, type Board } from './board.ts'
import { figures, table, trend } from './panels.ts'
import { listOf, totalOf, trendOf, type Condition } from './question.ts'
import { textColours, verdicts } from './shared.ts'

const filters: Condition[] = [atSite, chosen('station'), chosen('verdict')]

const counts = figures({
  title: 'Parts by verdict',
  span: 6,
  height: 8,
  questions: [totalOf('inspection', filters, ['station', 'verdict'], 'count', { field: 'part', as: 'Parts' })],
})

const share = trend({
  title: 'Share of verdicts',
  span: 18,
  height: 8,
  draw: 'shares',
  columns: {
    '/pass$/': [{ id: 'color', value: { mode: 'fixed', fixedColor: 'green' } }],
    '/fail$/': [{ id: 'color', value: { mode: 'fixed', fixedColor: 'red' } }],
  },
  questions: [trendOf('inspection', filters, ['station', 'verdict'], { field: 'part', how: 'count', as: 'Parts' })],
})

const scores = trend({
  title: 'Worst score and threshold',
  span: 12,
  height: 9,
  questions: [
    trendOf(
      'inspection',
      filters,
      ['station'],
      { field: 'score', how: 'max', as: 'Score' },
      { field: 'threshold', how: 'mean', as: 'Threshold' },
    ),
  ],
  columns: { '/Threshold$/': [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } }] },
})

const duration = trend({
  title: 'Time for one inspection',
  unit: 'ms',
  span: 12,
  height: 9,
  min: 0,
  questions: [
    trendOf(
      'inspection',
      filters,
      ['station'],
      { field: 'ms', how: 'mean', as: 'Mean' },
      { field: 'ms', how: 'max', as: 'Longest' },
    ),
  ],
})

const parts = table({
  title: 'Newest parts',
  span: 24,
  height: 10,
  columns: { verdict: textColours(verdicts) },
  questions: [listOf('inspection', filters, ['station', 'verdict'], 'part', 'label', 'score', 'threshold', 'ms')],
})

/** Quality inspection by station. */
export const inspection: Board = {
  uid: 'millwright-inspection',
  title: 'Inspection',
  description: 'What the stations say of the parts: verdicts, scores, durations.',
  variables: [
    { tag: 'station', label: 'Station', from: 'inspection', where: [atSite] },
    { tag: 'verdict', label: 'Verdict', from: 'inspection', where: [atSite] },
  ],
  marks: [],
  rows: [{ title: 'Inspection', panels: [counts, share, scores, duration, parts] }],
}
