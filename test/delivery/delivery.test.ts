// Longer than others: one bench of sink and journal, and each way in which a far side can answer.
import assert from 'node:assert/strict'
import {
  DeliveryError,
  JournalError,
  type Cursor,
  type Entry,
  type Journal,
  type Logger,
  type Prediction,
  type Sink,
} from '../../agent/core/index.ts'
import { deliver, sinkLedger, type Delivery, type DeliveryOptions } from '../../agent/delivery/delivery.ts'
import {
  checkedLedger,
  CountingMetrics,
  handled,
  KeepingSink,
  numbered,
  openMemoryJournal,
  rowsIn,
  until,
} from './parts.ts'

const pace = { rows: 10, linger: 0, retry: 1, slowest: 4, grace: 20 }
const busy = () => {
  throw new DeliveryError('DELIVERY_BUSY', 'overloaded')
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe('delivery', () => {
  let journal: Journal
  let metrics: CountingMetrics
  let logged: string[]
  let running: { delivery: Delivery; stop: AbortController }[]

  beforeEach(async () => {
    journal = await openMemoryJournal()
    metrics = new CountingMetrics()
    logged = []
    running = []
  })

  afterEach(async () => {
    for (const { stop } of running) stop.abort()
    await Promise.allSettled(running.map(({ delivery }) => delivery.done))
    await journal.close()
  })

  const log = (level: string) => (_: object, message: string) => void logged.push(`${level} ${message}`)
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }

  function start(sink: Sink, options: Partial<DeliveryOptions> = {}) {
    const stop = new AbortController()
    const clock = { now: () => 1_700_000_000_000 }
    const common = { name: 'far', journal, metrics, log: logger, clock, signal: stop.signal }
    const delivery = deliver({ ...common, sink, ...options, pace: { ...pace, ...options.pace } })
    running.push({ delivery, stop })
    return { delivery, stop }
  }

  async function append(from: number, entries: number, rows = 1): Promise<void> {
    await journal.append(
      'results',
      range(0, entries).map((i) => numbered(from + i * rows, rows)),
    )
  }

  it('delivers what is stored and what comes, in order', async () => {
    await append(0, 30)
    const sink = new KeepingSink()
    start(sink)
    await until(() => sink.values.length === 30)
    await append(30, 5, 4)
    await until(() => sink.values.length === 50)
    assert.deepEqual(sink.values, range(0, 50))
    for (const write of sink.writes) assert.ok(rowsIn(write) < 10 + 4)
    await until(() => checkedLedger(journal, 'far').delivered === 50)
    assert.equal(metrics.get('delivered_rows_total', { sink: 'far' }), 50)
    assert.equal(metrics.get('waiting_rows', { sink: 'far' }), 0)
    assert.equal(metrics.get('sink_up', { sink: 'far' }), 1)
  })

  it('delivers the first after a silence at once, a full chunk at once, and collects little for a while', async () => {
    const sink = new KeepingSink()
    const { delivery, stop } = start(sink, { pace: { linger: 3_600_000 } })
    await append(0, 1)
    await until(() => sink.values.length === 1)
    await append(1, 34)
    await until(() => sink.values.length === 31)
    stop.abort()
    await delivery.done
    assert.deepEqual(sink.values, range(0, 31))
  })

  it('goes on where it was after a restart, without a word twice', async () => {
    const sink = new KeepingSink()
    const { delivery, stop } = start(sink)
    await append(0, 25)
    await until(() => checkedLedger(journal, 'far').delivered === 25)
    stop.abort()
    await delivery.done
    await append(25, 5)
    assert.deepEqual(checkedLedger(journal, 'far'), { stored: 30, delivered: 25, dead: 0, waiting: 5, trimmed: 0 })
    start(sink)
    await until(() => sink.values.length === 30)
    assert.deepEqual(sink.values, range(0, 30))
  })

  it('starts degraded while the far side is down, tries again, and then loses nothing', async () => {
    await append(0, 12)
    const sink = new KeepingSink()
    sink.behave = () => {
      throw new DeliveryError('DELIVERY_DENIED', 'unauthorized', { remedy: 'Set token.' })
    }
    const { delivery } = start(sink)
    await until(() => sink.attempts >= 5)
    assert.deepEqual(delivery.state(), { state: 'degraded', message: 'unauthorized', remedy: 'Set token.' })
    assert.equal(metrics.get('sink_up', { sink: 'far' }), 0)
    assert.equal(metrics.get('waiting_rows', { sink: 'far' }), 12)
    assert.ok(metrics.get('delivery_retries_total', { sink: 'far', code: 'DELIVERY_DENIED' }) >= 4)
    sink.behave = () => undefined
    await until(() => checkedLedger(journal, 'far').delivered === 12)
    assert.deepEqual(sink.values, range(0, 12))
    assert.equal(delivery.state().state, 'up')
    assert.deepEqual(logged, ['warn results for far wait: unauthorized', 'info far accepts results again'])
  })

  it('learns nothing about the far side from records without rows', async () => {
    const sink = new KeepingSink()
    const { delivery } = start(sink)
    await journal.append('results', [numbered(0, 0), numbered(1, 0)])
    await until(() => journal.cursor('sink/far')?.offset === 2)
    assert.equal(delivery.state().state, 'connecting')
    assert.equal(sink.attempts, 0)
  })

  it('waits as long as the far side asks', async () => {
    await append(0, 1)
    const [patient, other] = [new KeepingSink(), new KeepingSink()]
    patient.behave = () => {
      throw new DeliveryError('DELIVERY_BUSY', 'rate limit', { retryAfter: 3_600_000 })
    }
    other.behave = busy
    start(patient, { name: 'patient' })
    start(other, { name: 'other' })
    await until(() => other.attempts >= 20)
    assert.equal(patient.attempts, 1)
  })

  it('has one write under way at a time', async () => {
    let writing = 0
    const sink = new KeepingSink()
    sink.behave = async () => {
      assert.equal(++writing, 1)
      await new Promise(setImmediate)
      writing--
      if (sink.attempts % 3 === 0) busy()
    }
    await append(0, 200)
    start(sink)
    await until(() => sink.distinct.length === 200)
    assert.deepEqual(sink.distinct, range(0, 200))
  })

  it('puts what the far side will never accept into the dead letters, with its words, before it goes on', async () => {
    const sink = new KeepingSink()
    sink.refuse = (value) => (value % 10 === 3 ? 'field type conflict' : undefined)
    await append(0, 2, 30)
    start(sink)
    await handled(journal, 'far', 60)
    assert.deepEqual(checkedLedger(journal, 'far'), { stored: 60, delivered: 54, dead: 6, waiting: 0, trimmed: 0 })
    assert.equal(metrics.get('dead_rows_total', { sink: 'far' }), 6)
    const letters = journal.read('dead', 0).map((entry) => (entry.kind === 'dead' ? entry.letter : undefined))
    assert.equal(
      letters.reduce((sum, letter) => sum + letter!.rows, 0),
      6,
    )
    const { payload, ...letter } = letters[0]!
    assert.deepEqual(
      { ...letter, rows: 0 },
      {
        time: 1_700_000_000_000,
        origin: 'far',
        reason: 'rejected',
        detail: 'field type conflict',
        subject: 'line/pump/x',
        rows: 0,
        size: payload.length,
      },
    )
    assert.deepEqual(JSON.parse(Buffer.from(payload).toString()), { time: 1_700_000_000_003, value: 3, quality: 0 })
  })

  it('counts a row once that a sink rejects twice', async () => {
    await append(0, 1, 5)
    const sink = new KeepingSink()
    const twice: Sink = {
      write: async (entries) => {
        await sink.write(entries)
        const [entry] = entries
        return [
          { entry, row: 1, detail: 'a' },
          { entry, row: 1, detail: 'b' },
          { entry, row: 2, detail: 'a' },
        ]
      },
      close: () => sink.close(),
    }
    start(twice)
    await handled(journal, 'far', 5)
    assert.equal(checkedLedger(journal, 'far').dead, 2)
  })

  it('finds the entry that makes a whole write impossible, and delivers the others', async () => {
    const sink = new KeepingSink()
    sink.behave = (entries) => {
      if (entries.some((entry) => entry.kind === 'samples' && entry.batch.value.includes(7)))
        throw new DeliveryError('DELIVERY_REJECTED', 'seven is not a number')
    }
    await append(0, 20)
    start(sink)
    await handled(journal, 'far', 20)
    assert.deepEqual(checkedLedger(journal, 'far'), { stored: 20, delivered: 19, dead: 1, waiting: 0, trimmed: 0 })
    assert.deepEqual(
      sink.distinct,
      range(0, 20).filter((value) => value !== 7),
    )
    const [letter] = journal.read('dead', 0)
    assert.ok(letter.kind === 'dead' && letter.letter.detail === 'seven is not a number')
  })

  it('writes again what a crash kept from the cursor', async () => {
    await append(0, 10)
    const sink = new KeepingSink()
    let crashed = false
    const commit = (name: string, cursor: Cursor): Promise<void> => {
      if (sink.values.length < 10) return journal.commit(name, cursor)
      crashed = true
      return Promise.reject(new JournalError('JOURNAL_CLOSED', 'killed'))
    }
    const dying = new Proxy(journal, {
      get: (target, key: keyof Journal) => {
        if (key === 'commit') return commit
        const value = target[key]
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value
      },
    })
    const { delivery } = start(sink, { journal: dying })
    await assert.rejects(delivery.done, { code: 'JOURNAL_CLOSED' })
    assert.ok(crashed)
    assert.equal(checkedLedger(journal, 'far').waiting, 10)
    const second = new KeepingSink()
    start(second)
    await handled(journal, 'far', 10)
    assert.deepEqual(second.values, range(0, 10))
  })

  it('waits for a journal that cannot store the cursor, and says so once', async () => {
    let full = false
    const limited = new Proxy(journal, {
      get: (target, key: keyof Journal) => {
        if (key === 'commit' && full) return () => Promise.reject(new JournalError('JOURNAL_FULL', 'disk full'))
        const value = target[key]
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value
      },
    })
    const sink = new KeepingSink()
    start(sink, { journal: limited })
    await append(0, 5)
    await until(() => checkedLedger(journal, 'far').delivered === 5)
    full = true
    await append(5, 5)
    await until(() => logged.length > 0)
    full = false
    await append(10, 5)
    await until(() => checkedLedger(journal, 'far').delivered === 15)
    assert.deepEqual(sink.values, range(0, 15))
    assert.deepEqual(logged, ['error disk full'])
  })

  describe('of a backlog', () => {
    it('starts with the newest results and drains the rest beside the live ones', async () => {
      const sink = new KeepingSink()
      sink.behave = busy
      start(sink)
      await append(0, 200)
      await until(() => sink.attempts > 3)
      sink.behave = async () => {
        // Live results keep coming while the backlog drains.
        if (sink.writes.length > 0 && sink.writes.length < 12) await append(1000 + sink.writes.length, 1)
      }
      await until(() => sink.values.length === 211)
      assert.ok(
        sink.writes[0].some((entry) => entry.offset >= 190),
        'the first write holds the newest',
      )
      const live = sink.values.findIndex((value) => value === 1005)
      assert.ok(live < 100, `a live result came after ${live} others`)
      assert.deepEqual(sink.distinct, [...range(0, 200), ...range(1001, 1012)])
      assert.equal(sink.values.length, sink.distinct.length)
      await handled(journal, 'far', 211)
      await until(() => backlogOf(journal).length === 0)
    })

    it('survives a crash in the middle of it', async () => {
      await append(0, 200)
      const sink = new KeepingSink()
      sink.behave = () => {
        if (sink.writes.length === 5) busy()
      }
      const { delivery, stop } = start(sink)
      await until(() => sink.attempts > 6)
      assert.equal(checkedLedger(journal, 'far').delivered, sink.values.length)
      stop.abort()
      await delivery.done
      await append(200, 100)
      sink.behave = () => undefined
      start(sink)
      await handled(journal, 'far', 300)
      assert.deepEqual(sink.distinct, range(0, 300))
      assert.equal(sink.values.length, 300)
    })

    it('of a second outage is kept beside that of the first', async () => {
      await append(0, 100)
      const sink = new KeepingSink()
      let over = false
      let stretches = 0
      sink.behave = () => {
        stretches = Math.max(stretches, backlogOf(journal).length)
        if (sink.writes.length === 3 && !over) busy()
      }
      start(sink)
      await until(() => sink.attempts > 5)
      await append(100, 100)
      over = true
      await handled(journal, 'far', 200)
      assert.equal(stretches, 2)
      assert.ok(sink.values.indexOf(199) < sink.values.indexOf(50), 'the newest did not wait for the first backlog')
      assert.deepEqual(sink.distinct, range(0, 200))
      assert.equal(sink.values.length, 200)
    })

    it('stays bounded and complete however many outages there are', async () => {
      const sink = new KeepingSink()
      await append(0, 100)
      let up = true
      sink.behave = () => (up ? undefined : busy())
      start(sink)
      for (let outage = 1; outage < 30; outage++) {
        const before = sink.writes.length
        await until(() => sink.writes.length >= before + 2 || sink.values.length >= 100 * outage)
        up = false
        await append(100 * outage, 100)
        assert.ok(backlogOf(journal).length <= 16)
        checkedLedger(journal, 'far')
        up = true
      }
      await handled(journal, 'far', 3000)
      assert.deepEqual(sink.distinct, range(0, 3000))
    })

    it('leaves the newest revision of a prediction in place', async () => {
      const prediction = (time: number, revision: number): Prediction => ({
        ...{ time, revision, asset: 'a', monitor: 'm', kind: 'anomaly', score: 1, threshold: 2, state: 'normal' },
        ...{ coverage: 1, model: '1', contributions: {} },
      })
      const stored = new Map<number, number>()
      const sink = new KeepingSink()
      sink.behave = (entries: readonly Entry[]) => {
        for (const entry of entries)
          if (entry.kind === 'predictions')
            for (const { time, revision } of entry.predictions) stored.set(time, revision)
      }
      await append(0, 50)
      for (let time = 0; time < 20; time++)
        await journal.append('results', [{ kind: 'predictions', predictions: [prediction(time, 1)], origin: 0 }])
      await append(50, 100)
      // Late data revised two of those windows; this is in the newest chunk and goes first.
      await journal.append('results', [
        { kind: 'predictions', predictions: [prediction(3, 2), prediction(17, 2)], origin: 0 },
      ])
      start(sink)
      await handled(journal, 'far', 172)
      await until(() => backlogOf(journal).length === 0)
      assert.deepEqual(
        [...stored].sort(([a], [b]) => a - b),
        range(0, 20).map((time) => [time, time === 3 || time === 17 ? 2 : 1]),
      )
      assert.equal(checkedLedger(journal, 'far').delivered, 172)
    })
  })

  it('counts and reports what the journal removed before the sink had it', async () => {
    await journal.close()
    journal = await openMemoryJournal(40_000)
    const sink = new KeepingSink()
    sink.behave = busy
    start(sink)
    await append(0, 100)
    await until(() => sink.attempts > 1)
    for (let i = 1; i < 10; i++) await append(i * 100, 100)
    await journal.trim(0)
    const during = checkedLedger(journal, 'far')
    assert.ok(during.trimmed > 100 && during.waiting > 0, JSON.stringify(during))
    sink.behave = () => undefined
    await handled(journal, 'far', 1000)
    const { stored, delivered, trimmed } = checkedLedger(journal, 'far')
    assert.equal(stored, 1000)
    assert.equal(sink.distinct.length, sink.values.length)
    assert.ok(delivered <= sink.values.length && trimmed <= during.trimmed)
    assert.equal(metrics.get('undelivered_rows_total', { sink: 'far' }), trimmed)
    assert.ok(logged.some((line) => /^error \d+ rows were gone from the journal before far had them$/.test(line)))
  })

  it('stops although a sink neither answers nor listens to its signal', async () => {
    const sink = new KeepingSink()
    sink.behave = () => new Promise(() => undefined)
    await append(0, 1)
    const { delivery, stop } = start(sink)
    await until(() => sink.attempts === 1)
    stop.abort()
    await delivery.done
    assert.equal(checkedLedger(journal, 'far').waiting, 1)
  })

  it('lets a write finish that is under way when the stop comes', async () => {
    const sink = new KeepingSink()
    let finish: () => void = () => undefined
    sink.behave = () => new Promise<void>((resolve) => (finish = resolve))
    await append(0, 1)
    const { delivery, stop } = start(sink, { pace: { grace: 3_600_000 } })
    await until(() => sink.attempts === 1)
    stop.abort()
    finish()
    await delivery.done
    assert.deepEqual(checkedLedger(journal, 'far'), { stored: 1, delivered: 1, dead: 0, waiting: 0, trimmed: 0 })
  })

  it('knows nothing of a sink that was never started', () => {
    assert.deepEqual(sinkLedger(journal, 'nobody'), { stored: 0, delivered: 0, dead: 0, waiting: 0, trimmed: 0 })
  })
})

/** The stretches that the cursor remembers. */
function backlogOf(journal: Journal): readonly unknown[] {
  return (journal.cursor('sink/far')!.state as { backlog: unknown[] }).backlog
}
