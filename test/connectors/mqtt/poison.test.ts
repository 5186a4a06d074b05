import assert from 'node:assert/strict'
import { connectAsync } from 'mqtt'
import { BatchBuilder, TagTable } from '../../../agent/core/index.ts'
import { Collector } from '../../../connectors/mqtt/collect.ts'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { Router } from '../../../connectors/mqtt/routes.ts'
import { type Mosquitto, startMosquitto } from '../../support/mosquitto.ts'
import { poison, type Topic } from '../../support/poison.ts'
import { SourceRun, type Settings } from './harness.ts'

const arrival = Date.UTC(2026, 0, 15, 12)

/** A source's way from bytes to samples, for one topic. */
function reader(topic: Topic = {}, settings: Partial<Settings> = {}, name = 'plant/a/b') {
  const entry = { filter: 'plant/#', tag: 't', ...topic }
  const config = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [entry], ...settings })
  const tags = new TagTable()
  const router = new Router(config, tags, 'plant')
  const builder = new BatchBuilder('plant')
  const collector = new Collector(builder, 'plant', config)
  const read = (payload: string | Uint8Array, at = arrival) => {
    const bytes = Buffer.from(payload as Uint8Array)
    collector.message(router.find(name)!, bytes, 0, bytes.length, bytes.length, at, false)
    return { letters: collector.takeLetters(), batch: builder.take(at), events: collector.events }
  }
  return { read, tags }
}

describe('connectors/mqtt poison', () => {
  for (const [what, payload, reason, topic = {}] of poison)
    it(`puts ${what} aside as ${reason}, with little and at once`, () => {
      const { read, tags } = reader(topic)
      const { letters, events } = read(payload)
      assert.ok(letters.length > 0 && letters.length <= 20, `${letters.length} letters`)
      assert.equal(letters[0].reason, reason, letters[0].detail)
      for (const letter of letters) {
        assert.ok(letter.detail.length <= 500 && letter.subject.length <= 1_000 && letter.payload.length <= 32_768)
      }
      assert.deepEqual(events, [])
      assert.ok(tags.size < 20, `${tags.size} tags`)
      // And the next message is read as ever.
      const next = reader(topic.format || topic.values || topic.decode ? {} : topic)
      assert.equal(next.read('1').batch.length, 1)
    })

  it('reads no more of a message than it may hold, and says so', () => {
    const { read } = reader({}, { max_samples: 100 })
    const { letters, batch } = read(`[${Array.from({ length: 150 }, (_, i) => `[${arrival - i},${i}]`).join()}]`)
    assert.equal(batch.length, 100)
    assert.deepEqual([letters[0].reason, letters.length], ['oversized', 1])
    assert.match(letters[0].detail, /more than 100 values in a message \(max_samples\)/)
    const wave = read(JSON.stringify({ rate: 1000, value: Array.from({ length: 5_000 }, () => 1) }))
    assert.deepEqual([wave.batch.length, wave.letters[0].reason], [100, 'oversized'])
  })

  it('gives up a message that takes longer than it may', () => {
    const { read } = reader({}, { max_decode: '0ms', max_new_tags: 100_000 })
    const { letters } = read(JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i]))))
    assert.match(letters[0].detail, /max_decode/)
    assert.equal(letters[0].reason, 'oversized')
  })

  it('lets one message make no more tags than it may, and gives new machines room again within the day', () => {
    const { read, tags } = reader({}, { max_tags: 24, max_new_tags: 10 })
    const wide = (prefix: string) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`${prefix}${i}`, i])))
    const first = read(wide('a'))
    assert.equal(tags.size, 10)
    assert.match(first.letters[0].detail, /max_new_tags/)
    // The next takes what the first left over: a large device is there after a few messages.
    assert.equal(read(wide('a')).batch.length, 20)
    read(wide('b'))
    assert.equal(tags.size, 24)
    assert.match(read('{"new":1}').letters[0].detail, /max_tags/)
    assert.equal(read('{"new":1}', arrival + 3_600_001).batch.length, 1)
  })

  it('makes what fails in its own code a letter with the class of the error', () => {
    const entry = { filter: '#', tag: 't' }
    const config = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [entry] })
    const route = new Router(config, new TagTable(), 'plant').find('a')!
    const collector = new Collector(new BatchBuilder('plant'), 'plant', config)
    const broken = { ...route, decode: () => assert.ok((undefined as unknown as { x: number }).x) }
    collector.message(broken, Buffer.from('payload'), 0, 7, 7, arrival, false)
    const [letter] = collector.letters
    assert.equal(letter.reason, 'internal')
    assert.match(letter.detail, /^TypeError: /)
    assert.equal(Buffer.from(letter.payload).toString(), 'payload')
  })

  describe('at a broker', function () {
    let broker: Mosquitto
    before(async () => {
      broker = await startMosquitto({ lines: ['message_size_limit 0'] })
    })
    after(() => broker.dispose())

    it('survives all of it retained, at each start, and reads what comes beside', async () => {
      const publisher = await connectAsync(broker.url)
      const runs: SourceRun[] = []
      try {
        for (const [at, [, payload]] of poison.entries())
          await publisher.publishAsync(`plant/${at}/x`, Buffer.from(payload as Uint8Array), { qos: 1, retain: true })
        await publisher.publishAsync('plant/sound/x', '21.5', { qos: 1, retain: true })
        for (const start of [1, 2]) {
          const topics = [{ filter: 'plant/#', tag: '{topic}' }]
          const run = new SourceRun({ url: broker.url, client_id: `poison-${start}`, topics })
          runs.push(run)
          await run.up()
          const heard = () => new Set(run.letters.map(({ subject }) => subject.split(' ')[0])).size
          const has = (tag: string) => run.rows.some((row) => row.tag === tag)
          await run.until('all came', () => heard() >= 20 && has('plant/sound/x'))
          await publisher.publishAsync('plant/live/x', '3', { qos: 1 })
          await run.until('it goes on', () => has('plant/live/x'))
          run.stop()
        }
      } finally {
        for (const run of runs) run.dispose()
        await publisher.endAsync(true)
      }
    })
  })
})
