import assert from 'node:assert/strict'
import { AuditCheck, type AuditVerdict } from '../../agent/cli/audit-verify.ts'
import { type AuditEvent, auditHash, chainBegin, type Journal, JournalError, type JournalRecord } from '../../agent/core/index.ts' // prettier-ignore
import { auditCursor, AuditChain, isAudit } from '../../agent/ingest/audit-chain.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { schema } from '../../agent/settings/schema.ts'

const open = (size?: string): Promise<Journal> =>
  openJournal({ folder: 'memory', settings: schema.parse({ journal: { store: 'memory', ...(size && { size }) } }).journal }) // prettier-ignore

const record = (n: number, more: Partial<AuditEvent> = {}): JournalRecord => ({
  kind: 'event',
  event: { type: 'audit', time: n, by: 'mei', proof: 'token', action: 'retrain', subject: `pump${n}`, detail: '', ...more }, // prettier-ignore
  arrival: n,
})
const other = (n: number): JournalRecord => ({
  kind: 'event',
  event: { type: 'clock', time: n, step: 1 },
  arrival: n,
})

/** A chain of five among other records. */
async function five(): Promise<Journal> {
  const journal = await open()
  const chain = new AuditChain(journal)
  for (let n = 1; n <= 5; n++) await chain.append([other(n), record(n)])
  return journal
}

function verify(journal: Journal): AuditVerdict {
  const check = new AuditCheck(journal)
  for (const entry of journal.read('samples', 0)) check.take(entry)
  return check.verdict()
}

/** The journal as somebody left it who changed its records, and knows nothing of what stands beside them. */
async function forged(journal: Journal, change: (records: JournalRecord[]) => JournalRecord[]): Promise<Journal> {
  const entries = journal.read('samples', 0).map(({ offset: _, ...entry }): JournalRecord => entry)
  const copy = await open()
  await copy.append('samples', change(entries))
  await copy.commit(auditCursor, journal.cursor(auditCursor)!)
  return copy
}

/** With one of the audit's records changed, by its number. */
const changed = (number: number, more: Partial<AuditEvent>) => (records: JournalRecord[]) =>
  records.map((entry) =>
    isAudit(entry) && entry.event.link?.sequence === number ? { ...entry, event: { ...entry.event, ...more } } : entry,
  )
const without = (number: number) => (records: JournalRecord[]) =>
  records.filter((entry) => !(isAudit(entry) && entry.event.link?.sequence === number))

describe('the chain of the audit', () => {
  it('links each record to the one before, among others, and holds', async () => {
    const journal = await five()
    const events = journal.read('samples', 0).filter(isAudit).map(({ event }) => event) // prettier-ignore
    assert.deepEqual(
      events.map(({ link }) => link?.sequence),
      [1, 2, 3, 4, 5],
    )
    assert.equal(events[0].link?.previous, chainBegin)
    for (let i = 1; i < 5; i++) assert.equal(events[i].link?.previous, auditHash(events[i - 1]))
    const { linked, unlinked, end, anchor, ...rest } = verify(journal)
    assert.deepEqual([linked, unlinked, end.sequence, anchor.sequence, rest.break], [5, 0, 5, 0, undefined])
  })

  it('goes on after a restart, with several at once, and with half characters in a text', async () => {
    const journal = await five()
    await new AuditChain(journal).append([record(6), record(7, { subject: 'a \ud800 b', said: 'Łukasz' })])
    const again = new AuditChain(journal)
    await Promise.all([again.append([record(8)]), again.append([record(9)]), again.append([record(10)])])
    const { linked, ...rest } = verify(journal)
    assert.deepEqual([linked, rest.break], [10, undefined])
  })

  const breaks: [string, (records: JournalRecord[]) => JournalRecord[], RegExp][] = [
    ['a changed name', changed(2, { by: 'eve' }), /the record before record 5 \(mei: retrain pump3.*was changed/],
    ['a changed newest record', changed(5, { detail: 'x' }), /the newest record, number 5, was changed/],
    ['a record taken out', without(3), /comes number 2: what was between is missing/],
    ['the newest taken out', without(5), /ends with number 4, but 5 were stored/],
    ['the oldest taken out', without(1), /is number 2, but the journal was never trimmed/],
    [
      'a record without a link put in',
      (all) => [...all.slice(0, 4), record(99), ...all.slice(4)],
      /pump99.*has no place/,
    ],
    ['all taken out', (all) => all.filter((entry) => !isAudit(entry)), /ends with number 0, but 5 were stored/],
    [
      'a change with its own link mended',
      (all) => changed(4, { by: 'eve', link: { sequence: 4, previous: 'f'.repeat(64) } })(all),
      /the record before .*pump4.*was changed/,
    ],
  ]
  for (const [what, change, words] of breaks)
    it(`shows ${what}`, async () => {
      const verdict = verify(await forged(await five(), change))
      assert.match(verdict.break ?? 'nothing', words)
    })

  it('reads records of before the chain, and begins behind them', async () => {
    const journal = await open()
    await journal.append('samples', [record(1), record(2)])
    await new AuditChain(journal).append([record(3)])
    const { linked, unlinked, ...rest } = verify(journal)
    assert.deepEqual([linked, unlinked, rest.break], [1, 2, undefined])
  })

  it('hangs on what was before when its beginning was trimmed', async () => {
    const journal = await open('200kB')
    const chain = new AuditChain(journal)
    for (let n = 1; n <= 200; n++) await chain.append([record(n, { detail: 'x'.repeat(3_000) })])
    await journal.trim(200)
    const { linked, anchor, end, ...rest } = verify(journal)
    assert.ok(anchor.sequence > 0 && linked < 200 && linked > 0)
    assert.deepEqual([anchor.sequence + linked, end.sequence, rest.break], [200, 200, undefined])
  })

  it('goes on where the journal could not store a record, and loses no number', async () => {
    const journal = await five()
    let full = false
    const guarded = new Proxy(journal, {
      get(target, key) {
        if (key === 'append' && full) return () => Promise.reject(new JournalError('JOURNAL_FULL', 'no space left'))
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    const chain = new AuditChain(guarded)
    full = true
    const refused = await Promise.allSettled([chain.append([record(6)]), chain.append([record(7)])])
    assert.deepEqual(
      refused.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    // As after a crash: what stands beside names records that are not there.
    const afterCrash = await forged(journal, (records) => records)
    await new AuditChain(afterCrash).append([record(8)])
    assert.deepEqual([verify(afterCrash).linked, verify(afterCrash).break], [6, undefined])
    full = false
    await chain.append([record(9)])
    assert.deepEqual([verify(journal).linked, verify(journal).break], [6, undefined])
  })
})
