import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { JournalRecord } from '../../agent/core/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'
import { pipelineCursor } from '../../agent/pipeline/live.ts'
import { Registry, type ModelBundle } from '../../models/index.ts'
import { begin, samplesOf, scenario } from '../support/scenario.ts'
import { concluded, trainOnScenario } from '../support/scenario-results.ts'

const kills = 8

type Life = ChildProcessByStdio<Writable, Readable, null>

function start(folder: string): Life {
  const file = join(import.meta.dirname, '..', 'support', 'live-process.ts')
  return spawn(process.execPath, ['--import', 'tsx', file, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** Lets a process go; resolves when it runs over the journal. */
async function go(life: Life): Promise<void> {
  life.stdin.write('go')
  await once(life.stdout, 'data')
}

/** The same model with other thresholds: another version. */
function withThreshold(bundle: ModelBundle, times: number): ModelBundle {
  const { pooled, assets } = bundle.manifest.calibration
  const change = (one: typeof pooled) => ({ ...one, threshold: one.threshold * times })
  const changed = Object.fromEntries(Object.entries(assets).map(([name, one]) => [name, change(one)]))
  return { ...bundle, manifest: { ...bundle.manifest, calibration: { pooled: change(pooled), assets: changed } } }
}

describe('live under SIGKILL', function () {
  const root = mkdtempSync(join(tmpdir(), 'millwright-live-'))
  const [straight, killed] = ['straight', 'killed'].map((name) => join(root, name))

  after(() => rmSync(root, { recursive: true, force: true }))

  /**
   * A journal on disk, twice, with the scenario's samples, a model that is put to work half-way, and another that is tried
   * beside it, takes its place and is taken back.
   */
  before(async () => {
    const journal = await openJournal({ folder: join(straight, 'journal'), settings: journalConfig.parse({}) })
    const registry = new Registry(join(straight, 'models'))
    const bundle = await trainOnScenario(journal.tags)
    const first = await registry.register(bundle)
    const second = await registry.register(withThreshold(bundle, 2))
    const batches = [...samplesOf(scenario, journal.tags, 18)]
    const steps = [
      [0.5, 'active', first],
      [0.6, 'shadow', second],
      [0.7, 'active', second],
      [0.9, 'rollback', first],
    ] as const
    const stepAt = new Map(
      steps.map(([share, step, version]) => [Math.floor(batches.length * share), { step, version }]),
    )
    for (const [index, batch] of batches.entries()) {
      const records: JournalRecord[] = [{ kind: 'samples', batch }]
      const due = stepAt.get(index)
      const event = due && ({ type: 'model', time: begin, monitor: 'health', detail: '', ...due } as const)
      if (event) records.unshift({ kind: 'event', event, arrival: batch.arrival })
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
    assert.equal(new Set(expected.predictions.map(({ model }) => model)).size, 3)

    const places: (number | undefined)[] = []
    for (let kill = 0; kill < kills; kill++) {
      const life = next
      // It may have come to its end by itself before the kill.
      const closed = once(life, 'close')
      next = start(killed)
      await go(life)
      // Longer each time: a slow machine gets as far as a fast one.
      await delay(Math.random() * 120 * (kill + 1))
      life.kill('SIGKILL')
      await closed
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
