import assert from 'node:assert/strict'
import { decode, encode } from 'cbor-x'
import fc from 'fast-check'
import { loadDetector, type ModelBundle } from '../../models/index.ts'
import { schema } from '../../agent/settings/schema.ts'
import {
  JournalError,
  silentMetrics,
  systemClock,
  type Entry,
  type Journal,
  type JournalRecord,
  type Logger,
} from '../../agent/core/index.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { Live, pipelineCursor } from '../../agent/pipeline/live.ts'
import { Pipeline } from '../../agent/pipeline/pipeline.ts'
import { begin, samplesOf, scenario, scenarioConfig } from '../support/scenario.ts'
import { concluded, trainOnScenario } from '../support/scenario-results.ts'

const config = scenarioConfig()
const log: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

let bundle: ModelBundle

const create = (journal: Journal, saved: unknown) =>
  Pipeline.create({
    config,
    tags: journal.tags,
    metrics: silentMetrics,
    keepSamples: true,
    saved,
    detector: () => loadDetector(bundle),
  })

/** A journal with the scenario's samples, and a model put to work half-way. */
async function filled(): Promise<Journal> {
  const settings = schema.parse({ journal: { store: 'memory' } }).journal
  const journal = await openJournal({ folder: 'memory', settings })
  const batches = [...samplesOf(scenario, journal.tags)]
  const event = { type: 'model', time: begin, monitor: 'health', step: 'active', version: 'a', detail: '' } as const
  for (const [index, batch] of batches.entries()) {
    const records: JournalRecord[] = [{ kind: 'samples', batch }]
    if (index === batches.length >> 1) records.unshift({ kind: 'event', event, arrival: batch.arrival })
    await journal.append('samples', records)
  }
  return journal
}

/** The same journal, whose `follow` hands out chunks of these lengths and then ends; checkpoints only where allowed. */
function partOf(journal: Journal, chunks: readonly number[], checkpoints: boolean): Journal {
  return new Proxy(journal, {
    get(target, key) {
      if (key === 'commit' && !checkpoints) return () => Promise.resolve()
      if (key === 'follow') {
        return async function* (_stream: string, from: number): AsyncGenerator<readonly Entry[]> {
          for (const length of chunks) {
            const entries = await Promise.resolve(target.read('samples', from, length))
            if (entries.length === 0) return
            yield entries
            from = entries[entries.length - 1].offset + 1
          }
        }
      }
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

async function life(journal: Journal, chunks: readonly number[], checkpoints: boolean): Promise<void> {
  const cursor = journal.cursor(pipelineCursor)
  const pipeline = await create(journal, cursor && decode(encode(cursor.state)))
  const live = new Live({
    journal: partOf(journal, chunks, checkpoints),
    pipeline,
    from: cursor?.offset ?? 0,
    metrics: silentMetrics,
    log,
    clock: systemClock,
    checkpointEvery: 0,
  })
  await live.run(new AbortController().signal)
  await pipeline.close()
}

describe('live', () => {
  let whole: ReturnType<typeof concluded>

  before(async () => {
    const journal = await filled()
    bundle = await trainOnScenario(journal.tags)
    await life(journal, [10_000], true)
    whole = concluded(journal)
    await journal.close()
  })

  it('concludes something in the first place', () => {
    assert.ok(whole.predictions.some(({ state }) => state === 'anomaly'))
    assert.ok(whole.events.some(({ type }) => type === 'alarm'))
  })

  it('stores every result exactly once, to the bit, however often it crashes and whatever the checkpoint', async () => {
    const chunk = fc.integer({ min: 1, max: 12 })
    const lives = fc.array(fc.tuple(fc.array(chunk, { minLength: 1, maxLength: 5 }), fc.boolean()), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(lives, async (all) => {
        const journal = await filled()
        for (const [chunks, checkpoints] of all) await life(journal, chunks, checkpoints)
        await life(journal, [10_000], true)
        assert.deepEqual(concluded(journal), whole)
        await journal.close()
      }),
      { numRuns: 25 },
    )
  })

  it('stores every result once and in order while the journal fails now and then', async () => {
    const journal = await filled()
    let appends = 0
    const queue: Promise<unknown>[] = []
    // As the journal does it: what waits behind a failed append fails with it.
    const failing = new Proxy(partOf(journal, Array<number>(10_000).fill(3), true), {
      get(target, key) {
        const value: unknown = Reflect.get(target, key)
        if (key !== 'append') return value
        return (...args: Parameters<Journal['append']>) => {
          const refuse = ++appends % 7 === 3
          const stored = Promise.resolve(queue.at(-1)).then(() => {
            if (refuse) throw new JournalError('JOURNAL_IO', 'no')
            return journal.append(...args)
          })
          queue.push(stored)
          stored.catch(() => undefined).finally(() => queue.splice(queue.indexOf(stored), 1))
          return stored
        }
      },
    })
    const pipeline = await create(journal, undefined)
    const live = new Live({
      ...{ journal: failing, pipeline, from: 0, metrics: silentMetrics, log, clock: systemClock, checkpointEvery: 1e9 },
    })
    await live.run(new AbortController().signal)
    await pipeline.close()
    assert.deepEqual(concluded(journal), whole)
    const origins = journal.read('results', 0).map((entry) => ('origin' in entry ? entry.origin! : -1))
    assert.deepEqual(
      origins,
      origins.toSorted((a, b) => a - b),
    )
  })
})
