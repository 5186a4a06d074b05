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
    remake: (saved) => create(journal, saved && decode(encode(saved))),
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
      remake: (saved) => create(journal, saved),
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
  it('puts an entry aside that an operator fails at, and concludes as if it had not come', async () => {
    const { next } = (await filled()).stats('samples')
    const poisons = new Set([7, 40, 41, next - 9])
    /** What a pipeline makes of entries: of a poison it takes what came before in the same call, and throws. */
    const fragile = async (journal: Journal, saved: unknown, keepOut: boolean) => {
      const pipeline = await create(journal, saved)
      const handle = pipeline.handle.bind(pipeline)
      pipeline.handle = async (entries) => {
        const sound = entries.filter(({ offset }) => !poisons.has(offset))
        const records = await handle(
          sound.length > 0 ? sound : [{ ...entries[0], kind: 'event', event: nothing, arrival: 0 }],
        )
        if (sound.length < entries.length && !keepOut) throw new TypeError('no')
        return records
      }
      return pipeline
    }
    const nothing = { type: 'audit', time: 0, by: '', action: '', subject: '', detail: '' } as const
    const run = async (keepOut: boolean, checkpointEvery: number) => {
      const journal = await filled()
      const live = new Live({
        ...{
          journal: partOf(journal, Array<number>(10_000).fill(5), true),
          metrics: silentMetrics,
          log,
          clock: systemClock,
        },
        ...{ from: 0, checkpointEvery, pipeline: await fragile(journal, undefined, keepOut) },
        remake: (saved) => fragile(journal, saved && decode(encode(saved)), keepOut),
      })
      await live.run(new AbortController().signal)
      return journal
    }
    const expected = concluded(await run(true, 0))
    for (const checkpointEvery of [0, 1e9]) {
      const journal = await run(false, checkpointEvery)
      const seen = concluded(journal)
      assert.deepEqual(seen.predictions, expected.predictions)
      const letters = journal.read('dead', 0).flatMap((entry) => (entry.kind === 'dead' ? [entry.letter] : []))
      assert.deepEqual(
        letters.map(({ reason, origin, detail }) => [reason, origin, /^entry (\d+) .*no$/.exec(detail)?.[1]]),
        [...poisons].map((offset) => ['internal', 'pipeline', String(offset)]),
      )
      assert.equal(journal.cursor(pipelineCursor)?.offset, journal.stats('samples').next)
    }
  })
})
