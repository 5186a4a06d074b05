import assert from 'node:assert/strict'
import {
  silentMetrics,
  systemClock,
  type ConnectorContext,
  type Journal,
  type Logger,
  type Sink,
} from '../../agent/core/index.ts'
import { deliver, type Delivery } from '../../agent/delivery/delivery.ts'
import { influxdb } from '../../connectors/influxdb/index.ts'
import { checkedLedger, handled, numbered, openMemoryJournal, until } from './parts.ts'
import { Influxd, influxdMissing } from '../support/influxd.ts'

const silent = () => undefined
const log: Logger = { debug: silent, info: silent, warn: silent, error: silent }
const missing = influxdMissing ? ` (skipped: ${influxdMissing})` : ''

describe(`delivery to a real InfluxDB 1.x${missing}`, function () {
  let influxd: Influxd
  let journal: Journal
  let sink: Sink
  let delivery: Delivery
  let stop: AbortController

  before(async function () {
    if (influxdMissing) this.skip()
    influxd = await Influxd.start()
  })

  after(() => (influxdMissing ? undefined : influxd.dispose()))

  beforeEach(async () => {
    journal = await openMemoryJournal()
  })

  afterEach(async () => {
    stop.abort()
    await delivery.done
    await sink.close()
    await journal.close()
  })

  function start(database: string): void {
    const { tags } = journal
    const parts = { name: 'history', log, metrics: silentMetrics, clock: systemClock }
    const context: ConnectorContext = { ...parts, site: 's', tags, folder: '', report: silent }
    sink = influxdb.sink!(influxdb.config.parse({ version: 1, url: influxd.url, database, timeout: '2s' }), context)!
    stop = new AbortController()
    delivery = deliver({ ...parts, journal, sink, signal: stop.signal, pace: { rows: 500, retry: 20, slowest: 100 } })
  }

  /** Every value from 0 on is in the database, once. */
  async function assertComplete(database: string, rows: number): Promise<void> {
    assert.equal(await influxd.count(database, 'sensor', 'value'), rows)
    const [{ values }] = await influxd.query('SELECT sum(value) FROM sensor', database)
    assert.equal(values[0][1], (rows * (rows - 1)) / 2)
  }

  for (const end of ['stop', 'kill'] as const)
    it(`loses nothing when the server is ${end === 'stop' ? 'stopped' : 'killed'} and started while results come`, async () => {
      const database = `outage-${end}`
      start(database)
      let rows = 0
      const append = async (entries: number) => {
        for (let i = 0; i < entries; i++, rows += 50) await journal.append('results', [numbered(rows, 50)])
      }
      await append(20)
      await handled(journal, 'history', 1000)
      await append(20)
      await influxd[end]()
      await append(100)
      await until(() => delivery.state().state === 'degraded')
      assert.ok(checkedLedger(journal, 'history').waiting > 0)
      await influxd.restart()
      await append(20)
      await handled(journal, 'history', 8000)
      assert.equal(delivery.state().state, 'up')
      await assertComplete(database, 8000)
    })

  it('puts a field type conflict into the dead letters with the words of the server, and goes on', async () => {
    await influxd.query('CREATE DATABASE conflict')
    await influxd.write('conflict', 'sensor value="text" 1700000000000000')
    start('conflict')
    await journal.append('results', [numbered(0, 100)])
    await handled(journal, 'history', 100)
    assert.deepEqual(checkedLedger(journal, 'history'), {
      stored: 100,
      delivered: 0,
      overwritten: 0,
      dead: 100,
      waiting: 0,
      trimmed: 0,
    })
    const letters = journal.read('dead', 0)
    assert.equal(letters.length, 1)
    assert.ok(letters[0].kind === 'dead')
    const { subject, detail, rows, reason } = letters[0].letter
    assert.deepEqual({ subject, rows, reason }, { subject: 'line/pump/x', rows: 100, reason: 'rejected' })
    assert.match(detail, /input field "value" on measurement "sensor" is type float, already exists as type string/)
    const { state, message, remedy } = delivery.state()
    assert.equal(state, 'degraded')
    assert.match(message, /delivers, but 100 rows were refused: .*field type conflict/)
    assert.match(remedy!, /write to another database or measurement/)
  })
})
