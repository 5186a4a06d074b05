import assert from 'node:assert/strict'
import { learnConfig } from '../../config/index.ts'
import { decide, overdue } from '../../agent/learning/life-cycle.ts'
import { standingOf, trainingTimes, type MonitorStanding } from '../../agent/pipeline/standing.ts'
import type { TrialState } from '../../agent/learning/trial.ts'

const hour = 3_600_000
const settings = learnConfig.parse({})
/** A Wednesday, 10:00 UTC. */
const wednesday = Date.UTC(2026, 0, 7, 10)

function trial(merit: readonly [number, number], more: Partial<TrialState> = {}): TrialState {
  const [active, rival] = merit.map((value) => ({ merit: value, figures: { missed: 0.1 } }))
  return { windows: 500, span: 2 * hour, labelled: 0, beyond: [0.01, 0.01], merit: [active, rival], ...more }
}

const next = (given: MonitorStanding, learn: typeof settings) => decide(standingOf(given, learn), trainingTimes(learn))

function standing(more: Partial<MonitorStanding> = {}): MonitorStanding {
  return {
    kind: 'anomaly',
    model: '0001-aaaaaaaa',
    working: true,
    span: 30 * 24 * hour,
    newest: wednesday,
    trained: wednesday - 24 * hour,
    drift: undefined,
    rival: undefined,
    ...more,
  }
}

const challenger = (state: TrialState, problem?: string): MonitorStanding['rival'] => ({
  version: '0002-bbbbbbbb',
  role: 'challenger',
  trial: state,
  ...(problem !== undefined && { problem }),
})

const predecessor = (state: TrialState): MonitorStanding['rival'] => ({
  version: '0001-aaaaaaaa',
  role: 'predecessor',
  trial: state,
})

describe('life of a model', () => {
  const cases: [string, MonitorStanding, string | undefined][] = [
    [
      'collects until there is enough',
      standing({ model: undefined, working: false, span: hour, trained: NaN }),
      undefined,
    ],
    [
      'trains when enough was collected',
      standing({ model: undefined, working: false, span: 3 * hour, trained: NaN }),
      'train',
    ],
    [
      'waits a while after a training that failed',
      standing({ model: undefined, working: false, trained: wednesday - hour / 4 }),
      undefined,
    ],
    [
      'tries again after that while',
      standing({ model: undefined, working: false, trained: wednesday - hour }),
      'train',
    ],
    ['trains in place of a model that cannot be used', standing({ working: false }), 'train'],
    ['does nothing between two dates of its schedule', standing(), undefined],
    ['trains when its schedule says so', standing({ trained: wednesday - 3 * 24 * hour }), 'train'],
    ['trains on drift', standing({ drift: 'vibration.mean' }), 'train'],
    ['does not train too often, drift or not', standing({ drift: 'x', trained: wednesday - hour }), undefined],
    [
      'lets a challenger score until the trial is long enough',
      standing({ rival: challenger(trial([0.5, 0.9], { span: hour / 2 })) }),
      undefined,
    ],
    [
      'lets a challenger score until there are windows enough',
      standing({ rival: challenger(trial([0.5, 0.9], { windows: 20 })) }),
      undefined,
    ],
    [
      'promotes a challenger that is better by the margin',
      standing({ rival: challenger(trial([0.9, 0.92])) }),
      'active',
    ],
    ['refuses one that is better by less', standing({ rival: challenger(trial([0.9, 0.905])) }), 'refused'],
    ['refuses one that is worse', standing({ rival: challenger(trial([0.9, 0.5])) }), 'refused'],
    [
      'refuses one that broke',
      standing({ rival: challenger(trial([NaN, NaN], { windows: 0 }), 'out of memory') }),
      'refused',
    ],
    [
      'waits for labels where it takes them to compare',
      standing({ kind: 'estimate', rival: challenger(trial([-2, -1], { labelled: 3 })) }),
      undefined,
    ],
    [
      'refuses a challenger whose labels never came',
      standing({ kind: 'estimate', rival: challenger(trial([-2, -1], { labelled: 3, span: 15 * 24 * hour })) }),
      'refused',
    ],
    [
      'promotes an estimate that deviates less',
      standing({ kind: 'estimate', rival: challenger(trial([-2, -1.9], { labelled: 30 })) }),
      'active',
    ],
    [
      'takes the margin of an estimate as a share of its deviation',
      standing({ kind: 'estimate', rival: challenger(trial([-2, -1.99], { labelled: 30 })) }),
      'refused',
    ],
    [
      'takes a fresh model back whose alarms explode',
      standing({ rival: predecessor(trial([NaN, NaN], { windows: 40, beyond: [0.8, 0.02] })) }),
      'rollback',
    ],
    [
      'keeps a fresh model that alarms as the one before does: that is a fault',
      standing({ rival: predecessor(trial([NaN, NaN], { windows: 40, beyond: [0.8, 0.7] })) }),
      undefined,
    ],
    [
      'retires the one before when its successor has proven itself',
      standing({ rival: predecessor(trial([0.9, 0.9], { windows: 250 })) }),
      'retired',
    ],
  ]
  for (const [title, given, step] of cases) {
    it(title, () => assert.equal(next(given, settings)?.step, step))
  }

  it('states the figures and the margin of a promotion', () => {
    const decision = next(standing({ rival: challenger(trial([0.9, 0.95])) }), settings)
    assert.match(decision!.why, /better by more than 0\.01: merit 0\.950 \(missed 0\.100\) against merit 0\.900/)
  })

  const week = 7 * 24 * hour
  const due = { trained: wednesday - week }

  it('trains on schedule beside the watch over a fresh model, and takes that back before', () => {
    const calm = predecessor(trial([NaN, NaN], { windows: 40 }))
    assert.equal(next(standing({ ...due, rival: calm }), settings)?.step, 'train')
    const loud = predecessor(trial([NaN, NaN], { windows: 40, beyond: [0.8, 0.02] }))
    assert.equal(next(standing({ ...due, rival: loud }), settings)?.step, 'rollback')
  })

  it('takes the length of trial and watch in windows or time', () => {
    const windows = learnConfig.parse({ shadow: '20 windows', watch: '1d' })
    const short = trial([0.5, 0.9], { windows: 20, span: hour / 10 })
    assert.equal(next(standing({ rival: challenger(short) }), windows)?.step, 'active')
    assert.equal(next(standing({ rival: predecessor(trial([NaN, NaN])) }), windows), undefined)
    const long = trial([NaN, NaN], { windows: 8, span: 25 * hour })
    assert.equal(next(standing({ rival: predecessor(long) }), windows)?.step, 'retired')
  })

  it('ends the watch of few windows after a quarter of the time between two trainings', () => {
    const few = (span: number) => standing({ rival: predecessor(trial([NaN, NaN], { windows: 40, span })) })
    assert.equal(next(few(week / 5), settings), undefined)
    assert.equal(next(few(week / 3), settings)?.step, 'retired')
  })

  it('ends a trial by as many labels as come, within a quarter of the time between two trainings', () => {
    const labelled = (count: number, span: number) =>
      next(standing({ kind: 'estimate', rival: challenger(trial([-2, -1], { labelled: count, span })) }), settings)
        ?.step
    assert.equal(labelled(29, hour), undefined)
    assert.equal(labelled(30, hour), 'active')
    assert.equal(labelled(10, week / 3), 'active')
    assert.equal(labelled(9, week / 3), undefined)
  })

  it('says why a schedule cannot be kept', () => {
    const late = (given: MonitorStanding, learn = settings) => overdue(standingOf(given, learn), trainingTimes(learn))
    const waits = challenger(trial([-2, -1], { labelled: 3, windows: 12 }))
    assert.match(
      late(standing({ ...due, kind: 'estimate', rival: waits })) ?? '',
      /cannot be kept: 0002-bbbbbbbb is still tried, over 12 windows and 3 labels so far/,
    )
    assert.equal(late(standing({ kind: 'estimate', rival: waits })), undefined)
    assert.equal(late(standing(due)), undefined)
    const hourly = learnConfig.parse({ retrain: 'hourly' })
    assert.match(late(standing({ trained: wednesday - 2 * hour }), hourly) ?? '', /a training each 6 h/)
  })

  it('never trains on schedule where that is switched off', () => {
    const off = learnConfig.parse({ retrain: 'never' })
    assert.equal(next(standing({ trained: 0 }), off), undefined)
  })

  it('knows the schedules by name and as cron patterns', () => {
    assert.equal(learnConfig.parse({ retrain: 'daily' }).retrain, '0 3 * * *')
    assert.equal(learnConfig.parse({ retrain: '30 2 * * 0' }).retrain, '30 2 * * 0')
    assert.throws(() => learnConfig.parse({ retrain: 'now and then' }), /expected never, hourly, daily/)
  })
})
