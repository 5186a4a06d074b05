import assert from 'node:assert/strict'
import {
  type Arrival,
  BatchBuilder,
  type DeadLetter,
  type Entry,
  type Journal,
  type Prediction,
  type Rejection,
  systemClock,
} from '../../agent/core/index.ts'
import { packEntries } from '../../agent/journal/index.ts'
import { Letters, type LetterParts } from '../../agent/letters/index.ts'
import { openMemoryJournal } from '../delivery/parts.ts'

const message = { topic: 'x', field: '', part: false, late: false }
const letter = (more: Partial<DeadLetter> = {}): DeadLetter => {
  const payload = Buffer.from('1')
  const own = { time: 5, origin: 'plc', reason: 'type', detail: 'no', subject: 'x', rows: 1, size: 1 } as const
  return { ...own, payload, message, ...more }
}

describe('letters', () => {
  let journal: Journal

  beforeEach(async () => {
    journal = await openMemoryJournal()
  })
  afterEach(() => journal.close())

  const put = (...letters: DeadLetter[]) => journal.append('dead', letters.map((one) => ({ kind: 'dead', letter: one }) as const)) // prettier-ignore

  /** Letters whose source reads `rows` (time, value) and rejects `rejected`; samples are stored as the agent does. */
  function lettersOf(rows: readonly (readonly [number, number])[], rejected: readonly DeadLetter[] = []) {
    const again = (): Arrival => {
      const builder = new BatchBuilder('plc')
      for (const [time, value] of rows) builder.add(0, time, value, 0)
      return { batch: builder.take(1_000), rejected }
    }
    const take: LetterParts['take'] = async (_, { batch }) => {
      await journal.append('samples', [{ kind: 'samples', batch }])
    }
    const source = (name: string) => (name === 'plc' ? ({ again, batches: () => assert.fail() } as never) : undefined)
    return new Letters({ journal, clock: systemClock, sink: () => undefined, source, take })
  }
  const stored = () => journal.read('samples', 0).flatMap((entry) => (entry.kind === 'samples' ? [...entry.batch.value] : [])) // prettier-ignore

  it('are found by origin, reason, age and page, without what is done with', async () => {
    const all = Array.from({ length: 70 }, (_, i) => letter({ time: i, origin: i % 2 ? 'plc' : 'mill', reason: i % 3 ? 'type' : 'empty' })) // prettier-ignore
    await put(...all)
    const letters = lettersOf([])
    const ids = async (...ask: Parameters<Letters['list']>) => (await letters.list(...ask)).map(({ id }) => id)
    assert.deepEqual(await ids({}, 3), [69, 68, 67])
    assert.deepEqual(await ids({ before: 67 }, 2), [66, 65])
    assert.deepEqual(await ids({ origin: 'plc', reason: 'empty' }, 2), [69, 63])
    assert.deepEqual(await ids({ from: 10, to: 12 }, 100), [11, 10])
    assert.deepEqual(await letters.drop([11, 10, 11, 400]), [
      { letter: 10, outcome: 'dropped', rows: 1 },
      { letter: 11, outcome: 'dropped', rows: 1 },
      { letter: 400, outcome: 'gone', rows: 0 },
    ])
    assert.deepEqual(await ids({ from: 9, to: 13 }, 100), [12, 9])
    assert.equal((await letters.list({}, 1_000)).length, 68)
  })

  it('are listed with little of their payloads, and shown whole', async () => {
    await put(...Array.from({ length: 40 }, () => letter({ payload: Buffer.alloc(30_000, 'x'), size: 30_000 })))
    const letters = lettersOf([])
    const [first] = await letters.list({}, 100)
    assert.deepEqual([first.payload.length, first.whole], [1_024, true])
    assert.equal((await letters.find(first.id))!.payload.length, 30_000)
  })

  it('of a source store nothing twice that its message has stored already', async () => {
    const then = new BatchBuilder('plc')
    then.add(0, 100, 1, 0)
    await journal.append('samples', [{ kind: 'samples', batch: then.take(5) }])
    await put(letter(), letter())
    const letters = lettersOf([[100, 1], [200, 2]]) // prettier-ignore
    assert.deepEqual(await letters.resend([0]), [{ letter: 0, outcome: 'sent', rows: 1 }])
    assert.deepEqual(stored(), [1, 2])
    assert.deepEqual(await letters.resend([0]), [{ letter: 0, outcome: 'gone', rows: 0 }])
  })

  it('that fail for another reason are kept with that one, and as they are where it is the same', async () => {
    await put(letter())
    assert.deepEqual(await lettersOf([], [letter()]).resend([0]), [{ letter: 0, outcome: 'kept', rows: 0, detail: 'type: no' }]) // prettier-ignore
    assert.equal(journal.stats('dead').rows, 1)
    const letters = lettersOf([[1, 1]], [letter({ reason: 'unit', detail: 'bar' })])
    assert.deepEqual(await letters.resend([0]), [{ letter: 0, outcome: 'kept', rows: 1, detail: 'unit: bar' }])
    assert.deepEqual((await letters.list({}, 9)).map(({ id, reason }) => [id, reason]), [[1, 'unit']]) // prettier-ignore
  })

  it('of what is not there any more, or cannot be sent again, say so', async () => {
    await put(letter({ origin: 'gone' }), letter({ origin: 'far', reason: 'rejected' }))
    const [first, second] = await lettersOf([]).resend([0, 1])
    assert.match(first.detail!, /no source is called gone/)
    assert.match(second.detail!, /there is no sink far any more/)
  })

  it('of a sink leave out windows of which a later revision was made since', async () => {
    const made = (revision: number, time: number): Prediction => ({ time, asset: 'a', monitor: 'm', kind: 'anomaly', score: 1, threshold: 2, state: 'normal', coverage: 1, revision, model: 'v', contributions: {} }) // prettier-ignore
    const entry = (predictions: Prediction[], offset: number): Entry => ({ kind: 'predictions', predictions, origin: 0, offset }) // prettier-ignore
    await journal.append('results', [entry([made(1, 10), made(1, 20)], 0), entry([made(2, 20)], 1)])
    const held = packEntries([entry([made(1, 10), made(1, 20)], 0)])
    await put(letter({ origin: 'far', reason: 'rejected', rows: 2, held }))
    const seen: Entry[] = []
    let revived = 0
    const delivery = {
      resend: (entries: readonly Entry[]) => (seen.push(...entries), Promise.resolve<readonly Rejection[]>([])),
      revived: (rows: number) => ((revived += rows), Promise.resolve()),
    }
    const far = { sink: { placesByTime: true, write: () => assert.fail(), close: () => assert.fail() }, delivery }
    const letters = new Letters({ journal, clock: systemClock, sink: () => far, source: () => undefined, take: () => assert.fail() }) // prettier-ignore
    assert.deepEqual(await letters.resend([0]), [{ letter: 0, outcome: 'sent', rows: 2 }])
    assert.equal(revived, 2)
    assert.deepEqual(seen.map((one) => one.kind === 'predictions' && one.predictions.map(({ time }) => time)), [[10]]) // prettier-ignore
    const asState = { ...far, sink: { ...far.sink, placesByTime: false } }
    const other = new Letters({ journal, clock: systemClock, sink: () => asState, source: () => undefined, take: () => assert.fail() }) // prettier-ignore
    await put(letter({ origin: 'far', reason: 'rejected', rows: 2, held }))
    assert.match((await other.resend([1]))[0].detail!, /what is old would be taken for new/)
  })
})
