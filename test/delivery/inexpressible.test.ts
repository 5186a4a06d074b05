import assert from 'node:assert/strict'
import { BatchBuilder, silentMetrics, systemClock, type ConnectorContext, type Journal, type JournalRecord, type Sink } from '../../agent/core/index.ts' // prettier-ignore
import { deliver } from '../../agent/delivery/delivery.ts'
import { influxdb } from '../../connectors/influxdb/index.ts'
import { mqtt } from '../../connectors/mqtt/index.ts'
import { Influxd, influxdMissing } from '../support/influxd.ts'
import { hasMosquitto, startMosquitto } from '../support/mosquitto.ts'
import { silent } from '../support/units.ts'
import { checkedLedger, handled, openMemoryJournal } from './parts.ts'

const begin = Date.UTC(2026, 0, 15)
/** What no sink can express: beyond all dates, the year 300000, none. */
const times = [1e300, Date.UTC(275_000, 0), -1e300, NaN]

function sample(journal: Journal, name: string, time: number): JournalRecord {
  const builder = new BatchBuilder('plant')
  builder.add(journal.tags.resolve({ name, type: 'number' }).index, time, 1, 0)
  return { kind: 'samples', batch: builder.take(begin), origin: 0 }
}

function prediction(time: number): JournalRecord {
  const common = { asset: 'line1/pump1', monitor: 'health', kind: 'anomaly', state: 'normal', model: 'm' } as const
  const figures = { time, score: 1, threshold: 2, coverage: 1, revision: 1, contributions: {} }
  return { kind: 'predictions', predictions: [{ ...common, ...figures }], origin: 0 }
}

/** Good records with bad ones between them, all of one chunk. */
function records(journal: Journal): JournalRecord[] {
  const bad = times.flatMap((time) => [prediction(time), sample(journal, 'line1/pump1/flow', time)])
  const tooLong = sample(journal, `line1/${'x'.repeat(66_000)}/flow`, begin)
  return [
    prediction(begin),
    sample(journal, 'line1/pump1/flow', begin),
    ...bad,
    tooLong,
    prediction(begin + 1_000),
    sample(journal, 'line1/pump1/flow', begin + 1_000),
  ]
}

describe('what a sink cannot express', () => {
  /** Delivers the records; how many of them were put aside. */
  async function delivered(make: (context: ConnectorContext) => Sink): Promise<number> {
    const journal = await openMemoryJournal()
    const parts = { name: 'far', log: silent, metrics: silentMetrics, clock: systemClock }
    const sink = make({ ...parts, site: 's', tags: journal.tags, folder: '', report: () => undefined })
    const stop = new AbortController()
    const all = records(journal)
    await journal.append('results', all)
    const delivery = deliver({ ...parts, journal, sink, signal: stop.signal })
    try {
      await handled(journal, 'far', all.length)
      const { dead } = checkedLedger(journal, 'far')
      const letters = journal.read('dead', 0).flatMap((entry) => (entry.kind === 'dead' ? [entry.letter] : []))
      assert.equal(letters.reduce((sum, { rows }) => sum + rows, 0), dead) // prettier-ignore
      assert.ok(letters.every(({ reason, detail }) => reason === 'rejected' && detail !== ''))
      return dead
    } finally {
      stop.abort()
      await delivery.done
      await sink.close()
      await journal.close()
    }
  }

  it('is put aside, and holds up nothing behind it: InfluxDB', async function () {
    if (influxdMissing) return this.skip()
    const influxd = await Influxd.start()
    try {
      const config = influxdb.config.parse({ version: 1, url: influxd.url, database: 'plant' })
      const dead = await delivered((context) => influxdb.sink!(config, context)!)
      assert.equal(dead, 9)
      assert.equal(await influxd.count('plant', 'sensor', 'value'), 2)
      assert.equal(await influxd.count('plant', 'prediction', 'revision'), 2)
    } finally {
      await influxd.dispose()
    }
  })

  it('is put aside, and holds up nothing behind it: MQTT', async function () {
    if (!hasMosquitto) return this.skip()
    const broker = await startMosquitto()
    try {
      const config = mqtt.config.parse({ type: 'mqtt', url: broker.url, publish: {} })
      const dead = await delivered((context) => mqtt.sink!(config, context)!)
      // One is older than what was published, and is not looked at.
      assert.equal(dead, 2)
    } finally {
      await broker.dispose()
    }
  })
})
