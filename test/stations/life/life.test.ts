import assert from 'node:assert/strict'
import { stationLearnConfig } from '../../../agent/settings/station.ts'
import type {
  CorrectionEvent,
  InspectionEvent,
  ModelEvent,
  ModelStep,
  OpinionEvent,
} from '../../../agent/core/index.ts'
import { decide } from '../../../agent/learning/life-cycle.ts'
import { standingOf, trainingTimes, type StationStanding } from '../../../agent/stations/life/standing.ts'
import { StationLife, valuesRules, type StationTrial } from '../../../agent/stations/life/life.ts'

const hour = 3_600_000
const settings = stationLearnConfig.parse({})
/** A Wednesday, 10:00 UTC. */
const wednesday = Date.UTC(2026, 0, 7, 10)
const [first, second] = ['0001-aaaaaaaa', '0002-bbbbbbbb']

const next = (given: StationStanding, learn: typeof settings) => decide(standingOf(given, learn), trainingTimes(learn))

function standing(more: Partial<StationStanding> = {}): StationStanding {
  return {
    model: first,
    now: wednesday,
    trained: wednesday - 24 * hour,
    corrections: 0,
    material: 'there is a folder of images to learn from',
    news: (more.corrections ?? 0) > 0,
    rival: undefined,
    ...more,
  }
}

const trial = (more: Partial<StationTrial> = {}): StationTrial => ({
  parts: 150,
  span: hour,
  fails: [0.1, 0.1],
  labelled: 12,
  classes: 2,
  merit: [0.8, 0.9],
  ...more,
})

type Rival = NonNullable<StationStanding['rival']>
const challenger = (more: Partial<StationTrial> = {}, others: Partial<Rival> = {}) =>
  standing({ rival: { version: second, role: 'challenger', trial: trial(more), ...others } })
const predecessor = (more: Partial<StationTrial>) =>
  standing({ model: second, rival: { version: first, role: 'predecessor', trial: trial(more) } })
const few = { labelled: 3 }

describe('next step of a station’s model', () => {
  const none = { model: undefined, trained: NaN }
  const cases: [string, StationStanding, string | undefined][] = [
    ['trains from its folder as soon as it can', standing(none), 'train'],
    [
      'waits for operators where it has no folder',
      standing({ ...none, material: undefined, corrections: 19 }),
      undefined,
    ],
    ['trains from what came without a word of theirs', standing({ model: first, trained: wednesday - 7 * 24 * hour, news: true }), 'train'], // prettier-ignore
    ['trains when they have said enough', standing({ ...none, material: undefined, corrections: 20 }), 'train'],
    ['waits a while after a training that failed', standing({ model: undefined, trained: wednesday - hour / 8 }), undefined], // prettier-ignore
    ['tries again after that while', standing({ model: undefined, trained: wednesday - hour / 2 }), 'train'],
    ['has nothing new to learn while nobody says anything', standing({ trained: 0 }), undefined],
    ['trains after enough corrections', standing({ corrections: 20 }), 'train'],
    ['trains on schedule from fewer', standing({ corrections: 1, trained: wednesday - 7 * 24 * hour }), 'train'],
    ['does not train before the date of its schedule', standing({ corrections: 1 }), undefined],
    ['does not train too often', standing({ corrections: 90, trained: wednesday - hour / 2 }), undefined],
    ['goes back to what works where the model at work is broken', standing({ problem: 'damaged', fallback: first }), 'rollback'], // prettier-ignore
    ['trains anew where nothing works', standing({ problem: 'damaged' }), 'train'],
    ['lets a challenger look on until it has seen enough', challenger({ parts: 99 }), undefined],
    ['promotes one that operators proved to be better', challenger(), 'active'],
    ['refuses one that is better by less than the margin', challenger({ merit: [0.8, 0.805] }), 'refused'],
    ['goes by the held-out images where operators said little', challenger(few, { heldOut: [0.8, 0.9] }), 'active'],
    ['refuses by the held-out images', challenger(few, { heldOut: [0.9, 0.9] }), 'refused'],
    ['refuses where nothing can be compared', challenger(few), 'refused'],
    ['takes labels of one class for too little', challenger({ classes: 1 }, { heldOut: [0.9, 0.9] }), 'refused'],
    ['refuses one that broke', challenger({ parts: 0 }, { problem: 'out of memory' }), 'refused'],
    ['refuses at once what would fail nearly everything', challenger({ parts: 40, fails: [0.05, 0.9] }), 'refused'],
    ['takes a fresh model back whose fails explode', predecessor({ parts: 40, fails: [0.9, 0.05] }), 'rollback'],
    ['keeps one that fails as the one before does', predecessor({ parts: 40, fails: [0.9, 0.8] }), undefined],
    ['retires the one before after 200 parts', predecessor({ parts: 200 }), 'retired'],
  ]
  for (const [title, given, step] of cases) {
    it(title, () => assert.equal(next(given, settings)?.step, step))
  }

  it('takes a duration for the length of a trial as well', () => {
    const long = stationLearnConfig.parse({ shadow: '2h' })
    assert.equal(next(challenger(), long), undefined)
    assert.equal(next(challenger({ span: 2 * hour }), long)?.step, 'active')
    assert.throws(() => stationLearnConfig.parse({ shadow: 'a while' }), /200 parts.*not.*a while/)
  })

  it('states the figures of a promotion', () => {
    const { why } = next(challenger(), settings)!
    assert.equal(why, 'better by more than 0.01: merit 0.900 against 0.800 over 12 parts that operators judged')
  })
})

describe('life of a model of measured values', () => {
  const inspected = (time: number, values: Record<string, number>): InspectionEvent => ({ type: 'inspection', time, station: 'press', part: `${time}`, verdict: 'pass', label: '', score: null, threshold: null, model: '', ms: 1, values, reason: '' }) // prettier-ignore
  const said = (of: number, truth: string, answers: readonly [string, string], measured = true): CorrectionEvent => ({ type: 'correction', time: 99, station: 'press', part: `${of}`, of, class: truth, by: 'Mei', ...(measured && { measured }), answers: { [first]: answers[0], [second]: answers[1] } }) // prettier-ignore
  const step = (name: ModelStep, version: string, time = 0): ModelEvent => ({ type: 'model', time, monitor: 'press.values', step: name, version, detail: '' }) // prettier-ignore

  it('counts parts with all their values, and what was said of such, since the last training', () => {
    const life = new StationLife(valuesRules(['torque', 'depth']))
    life.take(inspected(1, { torque: 1, depth: 2 }))
    life.take(inspected(2, { torque: 1 }))
    life.take(said(1, 'good', ['good', 'good']))
    life.take(said(2, 'good', ['good', 'good'], false))
    assert.deepEqual([life.collected, life.corrections], [1, 1])
    life.take(step('training', '', 5))
    assert.deepEqual([life.collected, life.corrections, life.trained], [0, 0, 5])
  })

  it('goes by parts that neither model can have learned from', () => {
    const life = new StationLife(valuesRules(['torque']))
    life.take(step('active', first))
    life.take(inspected(10, { torque: 1 }))
    life.take(step('training', first, 5))
    life.take(step('shadow', second))
    life.take(inspected(20, { torque: 1 }))
    life.take(said(10, 'good', ['defect', 'good']))
    assert.equal(life.trial.labelled, 0)
    life.take(said(20, 'good', ['defect', 'good']))
    assert.deepEqual([life.trial.labelled, life.trial.merit], [1, [0, 1]])
    const again = new StationLife(valuesRules(['torque']))
    again.load(structuredClone(life.save()))
    assert.deepEqual([again.trial, again.collected], [life.trial, 1])
  })
})

describe('life of a station’s model', () => {
  let life: StationLife
  const step = (name: ModelStep, version: string, time = 0) =>
    life.take({ type: 'model', time, monitor: 'press', step: name, version, detail: '' } satisfies ModelEvent)
  const opinion = (fails: readonly [boolean, boolean], time: number, models = [first, second] as const) =>
    life.take({ type: 'opinion', time, station: 'press', part: `${time}`, models, fails } satisfies OpinionEvent)
  const correct = (part: string, truth: string, answers?: Record<string, string>, image = '/a.jpg') =>
    life.take({ type: 'correction', time: 9, station: 'press', part, of: 1, class: truth, by: 'Mei', ...(image !== '' && { image }), ...(answers && { answers }) } satisfies CorrectionEvent) // prettier-ignore

  beforeEach(() => {
    life = new StationLife()
    step('active', first)
    step('training', first, 5)
    step('shadow', second)
  })

  it('counts what both models made of the same parts', () => {
    opinion([false, true], 10)
    opinion([false, false], 30)
    opinion([true, true], 40, [second, first])
    assert.deepEqual(
      { ...life.trial, merit: undefined },
      { parts: 2, span: 20, fails: [0, 0.5], labelled: 0, classes: 0, merit: undefined },
    )
  })

  it('counts who was right, each class alike, and the newest word on a part', () => {
    correct('A', 'good', { [first]: 'good', [second]: 'good' })
    correct('B', 'good', { [first]: 'good', [second]: 'scratch' })
    correct('C', 'good', { [first]: 'good', [second]: 'scratch' })
    correct('C', 'scratch', { [first]: 'good', [second]: 'scratch' })
    correct('D', 'scratch', { [first]: 'scratch' })
    correct('E', 'scratch')
    assert.deepEqual([life.trial.labelled, life.trial.classes, life.trial.merit], [3, 2, [0.5, 0.75]])
  })

  it('lets somebody change their mind on a part whose image the models were asked about before', () => {
    correct('A', 'good', { [first]: 'good', [second]: 'scratch' })
    correct('A', 'scratch')
    assert.deepEqual(life.trial.merit, [0, 1])
  })

  it('counts images with a class from the beginning of a training', () => {
    correct('A', 'good')
    correct('B', 'good')
    correct('C', 'good', undefined, '')
    assert.equal(life.corrections, 2)
    step('training', first, 77)
    assert.deepEqual([life.corrections, life.trained], [0, 77])
  })

  it('lets the one before go on beside a promoted one, and begins to count anew', () => {
    opinion([false, true], 10)
    step('active', second)
    assert.deepEqual([life.model, life.rival, life.trial.parts], [second, { version: first, role: 'predecessor' }, 0])
    step('retired', first)
    assert.deepEqual([life.model, life.rival], [second, undefined])
    step('rollback', first)
    assert.deepEqual([life.model, life.rival], [first, undefined])
  })

  it('is not touched by what is refused elsewhere', () => {
    step('refused', '0009-ffffffff')
    assert.equal(life.rival?.version, second)
    step('refused', second)
    assert.equal(life.rival, undefined)
  })

  it('goes on from what was saved', () => {
    opinion([false, true], 10)
    correct('A', 'good', { [first]: 'good', [second]: 'good' })
    const again = new StationLife()
    again.load(life.save())
    assert.deepEqual(again.trial, life.trial)
    assert.deepEqual([again.model, again.rival, again.trained, again.corrections], [first, life.rival, 5, 1])
  })
})
