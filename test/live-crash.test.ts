import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { JournalRecord } from '../agent/core/index.ts'
import { journalConfig, openJournal } from '../agent/journal/index.ts'
import { pipelineCursor } from '../agent/live.ts'
import { Registry } from '../models/index.ts'
import { begin, samplesOf, scenario } from './support/scenario.ts'
import { concluded, trainOnScenario } from './support/scenario-results.ts'

const kills = 8

type Life = ChildProcessByStdio<Writable, Readable, null>

function start(folder: string): Life {
  const file = join(import.meta.dirname, 'support', 'live-process.ts')
  return spawn(process.execPath, ['--import', 'tsx', file, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** Lets a process go; resolves when it runs over the journal. */
async function go(life: Life): Promise<void> {
  life.stdin.write('go')
  await once(life.stdout, 'data')
}

describe('live under SIGKILL', function () {
  this.timeout(240_000)
  const root = mkdtempSync(join(tmpdir(), 'millwright-live-'))
  const [straight, killed] = ['straight', 'killed'].map((name) => join(root, name))

  after(() => rmSync(root, { recursive: true, force: true }))

  /** A journal on disk with the scenario's samples and a model that is put to work half-way, twice. */
  before(async () => {
    const journal = await openJournal({ folder: join(straight, 'journal'), settings: journalConfig.parse({}) })
    const version = await new Registry(join(straight, 'models')).register(await trainOnScenario(journal.tags))
    const batches = [...samplesOf(scenario, journal.tags, 18)]
    const event = { type: 'model', time: begin, monitor: 'health', step: 'active', version, detail: '' } as const
    for (const [index, batch] of batches.entries()) {
      const records: JournalRecord[] = [{ kind: 'samples', batch }]
      if (index === batches.length >> 1) records.unshift({ kind: 'event', event, arrival: batch.arrival })
      await journal.append('samples', records)
    }
    await journal.close()
    cpSync(straight, killed, { recursive: true })
  })

  async function resultsOf(folder: string) {
    const journal = await openJournal({ folder: join(folder, 'journal'), settings: journalConfig.parse({}) })
    const results = concluded(journal)
    const place = journal.cursor(pipelineCursor)?.offset
    await journal.close()
    return { results, place }
  }

  it(`concludes after ${kills} kills exactly what an uninterrupted run concludes, to the bit`, async () => {
    const whole = start(straight)
    let next = start(killed)
    await go(whole)
    const [code] = (await once(whole, 'exit')) as [number]
    assert.equal(code, 0)
    const expected = (await resultsOf(straight)).results
    assert.ok(expected.predictions.some(({ state }) => state === 'anomaly'))
    assert.ok(expected.events.some(({ type }) => type === 'alarm'))

    const places: (number | undefined)[] = []
    for (let kill = 0; kill < kills; kill++) {
      const life = next
      next = start(killed)
      await go(life)
      await delay(Math.random() * 120)
      life.kill('SIGKILL')
      await once(life, 'close')
      const { results, place } = await resultsOf(killed)
      assert.deepEqual(results.predictions, expected.predictions.slice(0, results.predictions.length))
      places.push(place)
    }
    await go(next)
    assert.deepEqual(await once(next, 'exit'), [0, null])
    assert.deepEqual((await resultsOf(killed)).results, expected)
    assert.ok(new Set(places).size > 1, `killed at different places: ${places.join(', ')}`)
  })
})
