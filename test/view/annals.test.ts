import assert from 'node:assert/strict'
import { Annals } from '../../agent/view/annals.ts'
import { schema } from '../../agent/settings/schema.ts'
import type { AlarmEvent, AuditEvent, Journal, JournalRecord } from '../../agent/core/index.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { until } from '../support/until.ts'

const begin = 1_764_000_000_000

const open = (): Promise<Journal> =>
  openJournal({ folder: 'memory', settings: schema.parse({ journal: { store: 'memory' } }).journal })

const alarm = (place: number): JournalRecord => {
  const event: AlarmEvent = {
    type: 'alarm',
    time: begin + place,
    id: `health/pump/${place}`,
    asset: 'pump',
    monitor: 'health',
    change: 'raised',
    state: 'raised',
    raised: begin + place,
    score: 2,
    threshold: 1,
    contributions: {},
  }
  return { kind: 'event', event, arrival: begin + place, origin: place }
}
const audit: AuditEvent = { type: 'audit', time: begin, by: 'Mei', action: 'inject', subject: 'pump', detail: '' }
const ids = (events: readonly AlarmEvent[]) => events.map(({ time }) => time - begin)

describe('annals', () => {
  it('have what is in the journal, newest first, up to the limit', async () => {
    const journal = await open()
    for (let i = 0; i < 300; i++) await journal.append('results', [alarm(i)])
    const annals = new Annals(journal)
    const { events, reaches } = await annals.newest('alarm', 5)
    assert.deepEqual(ids(events), [299, 298, 297, 296, 295])
    assert.equal(reaches, null)
    assert.equal((await annals.newest('alarm', 5_000)).events.length, 300)
  })

  it('follow what happens, and tell alarms from actions', async () => {
    const journal = await open()
    await journal.append('results', [alarm(1)])
    const annals = new Annals(journal)
    const ending = new AbortController()
    const following = annals.follow(ending.signal)
    await journal.append('results', [alarm(2), { kind: 'event', event: audit, arrival: begin, origin: 2 }])
    await until('the second alarm', async () => (await annals.newest('alarm', 10)).events.length === 2)
    assert.deepEqual(ids((await annals.newest('alarm', 10)).events), [2, 1])
    assert.deepEqual((await annals.newest('audit', 10)).events, [audit])
    ending.abort()
    await following
  })

  it('look through a bounded part for each request, say how far it reaches, and go on with the next', async () => {
    const journal = await open()
    await journal.append('results', [alarm(0)])
    const nothing = Array.from({ length: 60_000 }, (_, i): JournalRecord => {
      const event = { type: 'model', time: begin, monitor: 'm', step: 'training', version: '', detail: '' } as const
      return { kind: 'event', event, arrival: begin + 1 + i, origin: i }
    })
    await journal.append('results', nothing)
    const annals = new Annals(journal)
    const first = await annals.newest('alarm', 10)
    assert.equal(first.events.length, 0)
    assert.ok(first.reaches! > begin && first.reaches! < begin + 60_000)
    const second = await annals.newest('alarm', 10)
    assert.deepEqual(ids(second.events), [0])
    assert.equal(second.reaches, null)
  })
})
