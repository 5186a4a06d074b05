import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { appendFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { lastValueFrom, take, toArray } from 'rxjs'
import {
  SourceError,
  TagTable,
  silentMetrics,
  type Arrival,
  type ConnectorContext,
  type Status,
} from '../../../agent/core/index.ts'
import { csv } from '../../../connectors/csv/index.ts'

describe('csv: as a source', () => {
  let folder: string
  let path: string
  const statuses: Status[] = []
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'csv-source-'))
    path = join(folder, 'data.csv')
    await writeFile(path, `time,a\n${Array.from({ length: 60_000 }, (_, at) => `${at},${at}`).join('\n')}\n`)
  })
  after(() => rm(folder, { recursive: true }))

  function source(
    settings: object = { read: path, check_times: false },
    own = mkdtempSync(join(folder, 'own-')),
    now = () => 0,
  ) {
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    const context: ConnectorContext = {
      name: 'history',
      site: 'test',
      log,
      metrics: silentMetrics,
      clock: { now },
      tags: new TagTable(),
      folder: own,
      report: (status) => statuses.push(status),
    }
    return csv.source!(csv.config.parse(settings), context)!
  }

  it('completes at the end of the file, once all is stored', async () => {
    let rows = 0
    let done = false
    const held: Arrival[] = []
    const ended = new EventTarget()
    source()
      .batches()
      .subscribe({
        next: (arrival) => {
          rows += arrival.batch.length
          if (rows < 60_000) arrival.settled!(true)
          else held.push(arrival)
        },
        complete: () => {
          done = true
          ended.dispatchEvent(new Event('end'))
        },
      })
    while (held.length === 0) await setImmediate()
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    assert.equal(done, false)
    const end = once(ended, 'end')
    for (const arrival of held) arrival.settled!(true)
    await end
    assert.equal(rows, 60_000)
    assert.equal(statuses.at(-1)!.state, 'up')
  })

  it('reads on only as its batches are settled', async () => {
    const arrivals: Arrival[] = []
    const count = () => arrivals.length
    const subscription = source()
      .batches()
      .subscribe((arrival) => arrivals.push(arrival))
    while (count() < 8) await setImmediate()
    for (let turn = 0; turn < 50; turn++) await setImmediate()
    assert.equal(count(), 8)
    arrivals[0].settled!(true)
    arrivals[0].settled!(true)
    while (count() < 9) await setImmediate()
    for (let turn = 0; turn < 50; turn++) await setImmediate()
    assert.equal(count(), 9)
    subscription.unsubscribe()
  })

  it('hands batches over again that could not be stored, before it reads on', async () => {
    const rows: number[] = []
    let refused = 3
    await new Promise<void>((resolve, reject) => {
      source()
        .batches()
        .subscribe({
          next: ({ batch, settled }) => {
            const stored = refused-- <= 0
            if (stored) rows.push(...batch.value)
            queueMicrotask(() => settled!(stored))
          },
          complete: resolve,
          error: reject,
        })
    })
    assert.deepEqual(
      [...rows].sort((a, b) => a - b),
      Array.from({ length: 60_000 }, (_, at) => at),
    )
  })

  it('stops reading when nobody listens any more', async () => {
    const arrivals = await lastValueFrom(source().batches().pipe(take(2), toArray()))
    assert.equal(arrivals.length, 2)
  })

  describe('remembers over restarts', () => {
    /** Values that come until `most` of them are stored; then it is stopped. */
    async function values(settings: object, own: string, most = Infinity): Promise<number[]> {
      const taken: number[] = []
      const reading = source({ check_times: false, ...settings }, own)
      await new Promise<void>((resolve, reject) => {
        const subscription = reading.batches().subscribe({
          next: ({ batch, settled }) => {
            if (taken.length >= most) return
            taken.push(...batch.value)
            settled!(true)
            if (taken.length >= most)
              queueMicrotask(() => {
                subscription.unsubscribe()
                resolve()
              })
          },
          complete: resolve,
          error: reject,
        })
      })
      await reading.closed!()
      return taken
    }
    const all = (count: number) => Array.from({ length: count }, (_, at) => at)
    const text = (count: number) => `time,a\n${all(count).map((at) => `${at},${at}\n`).join('')}` // prettier-ignore

    it('what it has read to its end', async () => {
      const own = mkdtempSync(join(folder, 'own-'))
      assert.equal((await values({ read: path }, own)).length, 60_000)
      assert.deepEqual(await values({ read: path }, own), [])
      assert.match(statuses.at(-1)!.message, /nothing has come since/)
    })

    it('where it was stopped, and loses nothing', async () => {
      const own = mkdtempSync(join(folder, 'own-'))
      const before = await values({ read: path }, own, 10_000)
      const after = await values({ read: path }, own)
      assert.ok(before.length < 60_000)
      assert.ok(after.length < 60_000)
      assert.deepEqual([...new Set([...before, ...after])], all(60_000))
    })

    it('a file that has grown, and reads on; another one under its name is read from its start', async () => {
      const own = mkdtempSync(join(folder, 'own-'))
      const file = join(own, 'growing.csv')
      await writeFile(file, text(5_000))
      await values({ read: file }, own)
      await writeFile(file, text(6_000))
      assert.deepEqual(await values({ read: file }, own), all(6_000).slice(5_000))
      await writeFile(file, text(7_000).replace('0,0', '0,9'))
      assert.equal((await values({ read: file }, own)).length, 7_000)
    })

    it('which files of a folder it knows', async () => {
      const own = mkdtempSync(join(folder, 'own-'))
      const read = mkdtempSync(join(folder, 'files-'))
      await writeFile(join(read, 'one.csv'), text(100))
      await values({ read }, own)
      await writeFile(join(read, 'two.csv'), text(50))
      assert.deepEqual(await values({ read }, own), all(50))
    })
  })

  describe('at the end of a file that may still grow', () => {
    const minute = 60_000
    /** A source of a file, at a time of its own: what came of it so far. */
    async function following(text: string, settings: object = {}) {
      const file = join(mkdtempSync(join(folder, 'growing-')), 'data.csv')
      await writeFile(file, text)
      let now = (await stat(file)).mtimeMs
      const values: number[] = []
      const labels: number[] = []
      const reading = source({ read: file, check_times: false, ...settings }, undefined, () => now)
      const ended = new Promise<void>((resolve, reject) => {
        reading.batches().subscribe({
          next: ({ batch, events = [], settled }) => {
            values.push(...batch.value)
            labels.push(...events.flatMap((event) => (event.type === 'label' ? [event.time] : [])))
            settled!(true)
          },
          complete: resolve,
          error: reject,
        })
      })
      const waits = async () => {
        while (!/may still grow/.test(statuses.at(-1)!.message)) await setImmediate()
      }
      return { file, values, labels, ended, waits, pass: (ms: number) => (now += ms) }
    }

    it('half a line waits for its end: no number is cut', async () => {
      const { file, values, ended, waits } = await following('time,a\n1,10\n2,20\n3,12')
      await waits()
      assert.deepEqual(values, [10, 20])
      await appendFile(file, '34\n4,40\n')
      await ended
      assert.deepEqual(values, [10, 20, 1234, 40])
    })

    it('a last line without an end is read where nothing was added for long', async () => {
      const { values, ended, waits, pass } = await following('time,a\n1,10\n2,20\n3,30')
      await waits()
      pass(11 * minute)
      await ended
      assert.deepEqual(values, [10, 20, 30])
    })

    it('no run has ended before the file has', async () => {
      const settings = { ends: { label: 'failure', asset: 'pump' }, time_format: 'ms' }
      const { file, labels, ended, waits, pass } = await following('time,a\n1000,10\n2000,20\n', settings)
      await waits()
      assert.deepEqual(labels, [])
      await appendFile(file, '3000,30\n')
      pass(11 * minute)
      await ended
      assert.deepEqual(labels, [3000])
    })
  })

  it('fails with what to do where there is no such file', async () => {
    await assert.rejects(lastValueFrom(source({ read: join(folder, 'nowhere.csv') }).batches()), (error) => {
      assert.ok(error instanceof SourceError)
      assert.equal(error.code, 'SOURCE_DATA')
      return true
    })
    assert.equal(statuses.at(-1)!.state, 'down')
    assert.ok(statuses.at(-1)!.remedy)
  })
})
