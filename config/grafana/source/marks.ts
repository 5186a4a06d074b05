import { chosen, filters } from './board.ts'
import { listOf, type Marks } from './question.ts'

/** Alarms as they are raised, of the chosen machines. */
export const alarmMarks: Marks = {
  name: 'Alarms',
  color: 'red',
  question: listOf('alarm', [...filters, { tag: 'change', is: ['raised'] }], ['asset', 'monitor'], 'id'),
  title: 'asset',
  text: 'id',
  tags: ['monitor'],
}

/** Models as they are put to work or taken back, of the chosen monitors. */
export const modelMarks: Marks = {
  name: 'Models put to work or taken back',
  color: 'blue',
  question: listOf(
    'model',
    [chosen('site'), chosen('monitor'), { tag: 'step', is: ['active', 'rollback'] }],
    ['monitor', 'step'],
    'version',
    'detail',
  ),
  title: 'monitor',
  text: 'detail',
  tags: ['version'],
}
