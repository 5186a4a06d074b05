import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Subject } from 'rxjs'
import { BatchBuilder, Quality, TagTable, type Arrival } from '../../agent/core/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'
import { Router, type Intake } from '../../agent/runtime/router.ts'
import { concluded } from '../support/scenario-results.ts'
import { finish, openUnit, scenarioSource, shareOfScenario } from '../support/units.ts'

const pumps = { pump: { tags: '{line}/pump{n}/{role}' } }
const program = join(import.meta.dirname, '..', 'support', 'unit-process.ts')

describe('units', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright-units-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  it('two in one process, with different assets, conclude what two processes conclude', async () => {
    const together = ['a', 'b'].map((name) => join(folder, name))
    const tags = new TagTable()
    const units = [await openUnit(together[0]), await openUnit(together[1])]
    const intakes = units.map(({ ingest, journal }) => ({ ingest, tags: journal.tags }))
    new Router(intakes, tags, pumps, shareOfScenario).add('plc', scenarioSource(tags))
    for (const unit of units) await finish(unit)

    const apart = ['c', 'd'].map((name) => join(folder, name))
    for (const [share, data] of apart.entries()) {
      await promisify(execFile)(process.execPath, ['--import', 'tsx', program, data, String(share)])
    }
    for (const share of [0, 1]) {
      const [one, other] = [await resultsOf(together[share]), await resultsOf(apart[share])]
      assert.deepEqual(one, other)
      assert.ok(one.predictions.length > 100)
      const assets = [...new Set(one.predictions.map(({ asset }) => asset))].sort()
      assert.deepEqual(assets, share === 0 ? ['line1/pump1'] : ['line1/pump2', 'line1/pump3'])
    }
    const [{ events }] = [await resultsOf(together[0])]
    assert.ok(
      events.some((event) => event.type === 'alarm'),
      'the fault of the first pump is seen',
    )
  })

  it('settle an arrival when all that have a part of it have stored it, and refuse it where one could not', () => {
    const tags = new TagTable()
    const [first, second] = [intake(), intake()]
    const arrivals = new Subject<Arrival>()
    new Router([first, second], tags, pumps, shareOfScenario).add('plc', { batches: () => arrivals })
    const answers: boolean[] = []
    const batch = (...names: string[]) => {
      const builder = new BatchBuilder('plc')
      for (const name of names) builder.add(tags.resolve({ name, type: 'number' }).index, 1, 2, Quality.good)
      return builder.take(1)
    }
    const settled = (stored: boolean) => answers.push(stored)
    arrivals.next({ batch: batch('line1/pump1/flow', 'line1/pump2/flow'), settled })
    assert.deepEqual([first.names(), second.names()], [['line1/pump1/flow'], ['line1/pump2/flow']])
    second.settle(true)
    assert.deepEqual(answers, [])
    first.settle(true)
    assert.deepEqual(answers, [true])
    arrivals.next({ batch: batch('line1/pump1/flow', 'line1/pump3/flow'), settled })
    first.settle(true)
    second.settle(false)
    assert.deepEqual(answers, [true, false])
  })
})

async function resultsOf(data: string) {
  const journal = await openJournal({
    folder: join(data, 'journal'),
    settings: journalConfig.parse({}),
    readOnly: true,
  })
  const { predictions, events } = concluded(journal)
  await journal.close()
  return { predictions, events }
}

/** A way into a journal that shows what came, and settles it when told. */
function intake(): Intake & { names(): string[]; settle(stored: boolean): void } {
  const tags = new TagTable()
  let arrival: Arrival | undefined
  return {
    tags,
    ingest: {
      add: (_, source) => void source.batches().subscribe((next) => (arrival = next)),
      remove: () => Promise.resolve(),
    },
    names: () => Array.from(arrival?.batch.tag ?? [], (tag) => tags.at(tag).name),
    settle: (stored) => arrival?.settled?.(stored),
  }
}
