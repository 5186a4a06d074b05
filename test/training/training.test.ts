import assert from 'node:assert/strict'
import { DetectorError, TagTable, type Entry, type LabelEvent } from '../../agent/core/index.ts'
import { learn } from '../../agent/training/training.ts'
import { begin, samplesOf, scenario, scenarioConfig } from '../support/scenario.ts'

describe('training from entries', () => {
  const label = (event: Partial<LabelEvent>): LabelEvent => ({
    type: 'label',
    label: 'fault',
    class: 'bearing',
    asset: 'line1/pump1',
    time: begin + 100_000,
    by: 'Mei',
    ...event,
  })

  function train(labels: readonly LabelEvent[], model: 'anomaly' | 'fault') {
    const tags = new TagTable()
    const samples = [...samplesOf(scenario, tags)].map((batch): Entry => ({ kind: 'samples', batch, offset: 0 }))
    const known = labels.map((event): Entry => ({ kind: 'event', event, arrival: begin, offset: 0 }))
    const config = scenarioConfig(model === 'fault' ? faultMonitor : '')
    const monitor = model === 'fault' ? 'faults' : 'health'
    return learn({ config, monitor, tags, entries: [[...samples, ...known]], created: begin }, never)
  }

  const gone = [
    label({ from: begin - 7_200_000, time: begin - 3_600_000 }),
    label({ asset: 'line1/pump9' }),
    label({ label: 'failure', time: begin - 3_600_000 }),
  ]

  it('says in its report how many labels speak of times or assets that are gone', async () => {
    const { report } = await train([...gone, label({ from: begin + 60_000 })], 'anomaly')
    assert.ok(report!.notes.some((note) => note.startsWith('3 labels speak of times or assets without windows')))
  })

  it('says nothing of the kind where all labels were used', async () => {
    const { report } = await train([label({ from: begin + 60_000 })], 'anomaly')
    assert.ok(report!.notes.every((note) => !note.includes('label')))
  })

  it('names them where there is too little to learn from without', () =>
    assert.rejects(train(gone.slice(0, 2), 'fault'), (error) => {
      assert.ok(error instanceof DetectorError && error.code === 'TRAINING_DATA')
      assert.match(error.remedy!, /^2 labels speak of times or assets without windows here/)
      return true
    }))
})

const never = new AbortController().signal

const faultMonitor = `
  faults: { assets: pump, window: 10s, every: 2s, model: fault }
`
