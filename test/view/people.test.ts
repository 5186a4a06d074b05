import assert from 'node:assert/strict'
import { type CorrectionEvent, type JournalEvent, silentMetrics } from '../../agent/core/index.ts'
import { Ingest } from '../../agent/ingest/index.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { schema } from '../../agent/settings/index.ts'
import { People, type PeopleParts } from '../../agent/view/people.ts'
import { memoryLog } from '../http/fake-agent.ts'

const now = 1_764_000_000_000
const alarm = 'pump-health/line1/pump2/1764000000000'
const mei = { by: 'mei', proof: 'token', said: 'The Director' } as const

/** People over a real journal, and a plant of one pump with an alarm. */
async function setUp() {
  const settings = schema.parse({ journal: { store: 'memory' } }).journal
  const journal = await openJournal({ folder: 'memory', settings })
  const clock = { now: () => now }
  const ingest = new Ingest({ journal, metrics: silentMetrics, log: memoryLog(), clock, tickFor: () => 0 })
  const open = { id: alarm, asset: 'line1/pump2', monitor: 'pump-health', state: 'raised', raised: now } as const
  const pipeline = {
    alarms: { open: () => [open] },
    classes: new Map([['pump', { assets: [{ name: 'line1/pump2' }] }]]),
  } as unknown as PeopleParts['pipeline']
  const corrections = { admit: (event: CorrectionEvent) => Promise.resolve(event.station === 'weld' ? event : 'there is no such station') } // prettier-ignore
  const events = () => journal.read('samples', 0).flatMap((entry): JournalEvent[] => (entry.kind === 'event' ? [entry.event] : [])) // prettier-ignore
  return { people: new People({ clock, ingest, pipeline, corrections }), events }
}

describe('what people do', () => {
  it('is put down with the act itself, under the name that was checked, and what they said beside', async () => {
    const { people, events } = await setUp()
    assert.equal(await people.act('acknowledge', { alarm, ...mei, reason: 'seen' }), 'recorded')
    assert.equal(await people.falseAlarm({ alarm, ...mei }), 'recorded')
    assert.equal(await people.label({ type: 'fault', asset: 'line1/pump2', class: 'bearing', by: 'The Director' }, mei), 'recorded') // prettier-ignore
    const verdict = { type: 'verdict', station: 'weld', part: 'A-7', class: 'scratch', by: 'The Director' } as const
    assert.equal((await people.correct(verdict, mei)).answer, 'recorded')
    const all = events()
    assert.deepEqual(
      all.map(({ type }) => type),
      ['action', 'audit', 'label', 'audit', 'label', 'audit', 'correction', 'audit'],
    )
    for (const event of all) if ('by' in event) assert.equal(event.by, 'mei')
    const audit = all.flatMap((event) => (event.type === 'audit' ? [event] : []))
    assert.deepEqual(
      audit.map(({ action, subject, detail, proof, said, link }) => [
        action,
        subject,
        detail,
        proof,
        said,
        link?.sequence,
      ]),
      [
        ['acknowledged', 'line1/pump2', 'seen', 'token', 'The Director', 1],
        ['label', 'line1/pump2', `false-alarm of ${alarm}`, 'token', 'The Director', 2],
        ['label', 'line1/pump2', 'fault bearing', 'token', 'The Director', 3],
        ['verdict', 'weld A-7', 'scratch', 'token', 'The Director', 4],
      ],
    )
  })

  it('is not put down where nothing was done', async () => {
    const { people, events } = await setUp()
    assert.equal(await people.act('shelve', { alarm: 'other', by: 'Mei' }), 'unknown')
    assert.equal(await people.label({ type: 'failure', asset: 'nowhere', by: 'Mei' }, { by: 'Mei' }), 'unknown')
    const verdict = { type: 'verdict', station: 'paint', part: 'A', class: 'good', by: 'Mei' } as const
    assert.equal((await people.correct(verdict, { by: 'Mei' })).answer, 'unknown')
    assert.deepEqual(events(), [])
  })
})
