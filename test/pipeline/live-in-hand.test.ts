import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentMetrics, systemClock, type Journal, type Logger } from '../../agent/core/index.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { Live, pipelineCursor } from '../../agent/pipeline/live.ts'
import { Pipeline } from '../../agent/pipeline/pipeline.ts'
import { Marks } from '../../agent/process/index.ts'
import { schema } from '../../agent/settings/schema.ts'
import { samplesOf, scenario, scenarioConfig } from '../support/scenario.ts'
import { until } from '../support/until.ts'

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
/** The entry at which processes end. */
const deadly = 7

describe('live, where an entry ends the process without a word', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-live-hand-'))
  let journal: Journal

  before(async () => {
    journal = await openJournal({ folder: 'memory', settings: schema.parse({ journal: { store: 'memory' } }).journal })
    for (const batch of samplesOf(scenario, journal.tags)) await journal.append('samples', [{ kind: 'samples', batch }])
  })
  after(async () => {
    await journal.close()
    rmSync(folder, { recursive: true })
  })

  const create = (saved: unknown) =>
    Pipeline.create({
      config: scenarioConfig(),
      tags: journal.tags,
      metrics: silentMetrics,
      keepSamples: true,
      saved,
      detector: () => Promise.resolve(undefined),
    })

  /** A process: it stands still for ever at the deadly entry, as one that is killed there does for all that the next one sees. */
  async function life(deadly: number): Promise<{ marks: Marks; ended: boolean }> {
    const marks = new Marks(folder, true)
    const cursor = journal.cursor(pipelineCursor)
    const pipeline = await create(cursor?.state)
    const at = { ended: false }
    const handle = pipeline.handle.bind(pipeline)
    pipeline.handle = (entries) => {
      if (!entries.some(({ offset }) => offset === deadly)) return handle(entries)
      at.ended = true
      return new Promise(() => undefined)
    }
    const stop = new AbortController()
    const live = new Live({
      ...{ journal, pipeline, remake: create, from: cursor?.offset ?? 0, metrics: silentMetrics, log: silent },
      ...{ clock: systemClock, checkpointEvery: 1e9, inHand: marks },
    })
    const running = live.run(stop.signal)
    await until('it ends, or is through', () => at.ended || live.next === journal.stats('samples').next)
    stop.abort()
    if (!at.ended) await running
    return { marks, ended: at.ended }
  }

  it('finds the entry among those that were in hand, puts it aside after two more ends, and handles the others', async () => {
    const first = await life(deadly)
    assert.equal(first.ended, true)
    assert.equal((await life(deadly)).ended, true)
    assert.equal((await life(deadly)).ended, true)
    const { marks, ended } = await life(deadly)
    assert.equal(ended, false)
    assert.deepEqual(
      marks.condemned.map(({ part, key }) => [part, key.replace(/@.*/, '')]),
      [['pipeline', String(deadly)]],
    )
    const letters = journal.read('dead', 0).flatMap((entry) => (entry.kind === 'dead' ? [entry.letter] : []))
    assert.deepEqual(
      letters.map(({ reason, origin }) => [reason, origin]),
      [['quarantined', 'pipeline']],
    )
    assert.match(letters[0].detail, /^entry 7 of the samples: the agent ended 2 times while it worked on this entry/)
    assert.equal(journal.cursor(pipelineCursor)?.offset, journal.stats('samples').next)
  })
})
