import assert from 'node:assert/strict'
import { BatchBuilder, qualityNames, TagTable } from '../../../agent/core/index.ts'
import { Collector } from '../../../connectors/mqtt/collect.ts'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { Router } from '../../../connectors/mqtt/routes.ts'
import { type FieldCase, lists } from './cases.ts'
import { values } from './values.ts'

const arrival = Date.UTC(2025, 6, 2, 8)

/** Reads payloads of one topic in order, as the source does. */
export function read({ rule, topic }: Pick<FieldCase, 'rule' | 'topic'>, payloads: readonly FieldCase['payload'][]) {
  const config = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [rule] })
  const tags = new TagTable()
  const router = new Router(config, tags, 'plant')
  const builder = new BatchBuilder('plant')
  const collector = new Collector(builder, 'plant', config)
  for (const payload of payloads) {
    const bytes = Buffer.from(payload as Uint8Array)
    collector.message(router.find(topic)!, bytes, 0, bytes.length, bytes.length, arrival, false)
  }
  const batch = builder.take(arrival)
  const samples = Array.from({ length: batch.length }, (_, row) => {
    const tag = tags.at(batch.tag[row])
    const raw = batch.value[row]
    const value = tag.type === 'text' ? batch.texts![raw] : tag.type === 'boolean' && raw <= 1 ? raw === 1 : raw
    const time = batch.time[row] - arrival
    return [
      tag.name,
      Number.isNaN(value) || (value === '' && batch.quality[row] === 2) ? null : value,
      time >= 0 && time < 0.1 ? null : batch.time[row],
      qualityNames[batch.quality[row]],
    ]
  })
  return { samples, letters: collector.letters, events: collector.events, tags }
}

describe('field/mqtt payloads', () => {
  for (const one of [...lists, ...values])
    it(`${one.name} (${one.source})`, () => {
      const { samples, letters, tags } = read(one, [one.payload])
      assert.deepEqual(samples, one.samples)
      assert.deepEqual(
        letters.map(({ reason }) => reason),
        one.letter ? [one.letter[0]] : [],
        letters[0]?.detail,
      )
      if (one.letter) assert.match(letters[0].detail, one.letter[1])
      for (const [tag, unit] of Object.entries(one.units ?? {})) assert.equal(tags.find(tag)?.unit, unit)
    })

  it('uses the names of Industrial Edge metadata once they are known', () => {
    const point = { name: 'Motor.Speed', id: '101', dataType: 'Real' }
    const metadata = { seq: 1, connections: [{ name: 'plc1', dataPoints: [{ dataPointDefinitions: [point] }] }] }
    const rule = { filter: 'ie/#', preset: 'industrial-edge' } as const
    const values = { seq: 2, vals: [{ id: '101', qc: 3, ts: '2025-03-14T09:26:53Z', val: 1480 }] }
    const { samples, letters } = read({ rule, topic: 'ie/m' }, [JSON.stringify(metadata), JSON.stringify(values)])
    assert.deepEqual(samples, [['Motor/Speed', 1480, Date.UTC(2025, 2, 14, 9, 26, 53), 'good']])
    assert.deepEqual(letters, [])
  })

  it('never merges two things that a topic carries by turns', () => {
    for (const [first, second] of [
      ['{"sensor":"s1","value":1}', '{"sensor":"s2","value":2}'],
      ['{"id":"P7.Flow","value":1}', '{"id":"P8.Flow","value":2}'],
      ['{"device":"p7","temp":1,"flow":2}', '{"device":"p8","temp":3,"flow":4}'],
      ['{"NodeId":"ns=2;s=A","Value":{"Value":1}}', '{"NodeId":"ns=2;s=B","Value":{"Value":2}}'],
    ]) {
      const { samples, letters } = read({ rule: { filter: 'x' }, topic: 'x' }, [first, first, second, first])
      assert.equal(samples.filter(([, value]) => typeof value === 'number').length % 3, 0, first)
      assert.deepEqual(
        letters.map(({ reason }) => reason),
        ['unmapped'],
      )
    }
  })

  it('takes ids of messages for what they are', () => {
    const ids = ['3f2a90c1-0a1b-4c5d-8e9f-001122334455', '000017', 'a1b2c3d4e5f6']
    const { samples, letters } = read({ rule: { filter: 'x' }, topic: 'x' }, ids.map((id) => JSON.stringify({ id, value: 1 }))) // prettier-ignore
    assert.deepEqual([samples.length, letters.length], [3, 0])
  })

  it('lets the first value decide the type, and not a word for missing before it', () => {
    const { samples, tags, letters } = read({ rule: { filter: 'x' }, topic: 'x' }, [
      'unavailable',
      '21.5',
      'unavailable',
    ])
    assert.deepEqual(samples.map(([, value, , quality]) => [value, quality]), [[null, 'bad'], [21.5, 'good'], [null, 'bad']]) // prettier-ignore
    assert.equal(tags.find('x')?.type, 'number')
    assert.deepEqual(letters, [])
    const door = read({ rule: { filter: 'x' }, topic: 'x' }, ['null', 'open', 'closed'])
    assert.deepEqual(
      door.samples.map(([, value]) => value),
      [null, 'open', 'closed'],
    )
  })

  it('makes a key that is null for ever no dead letter, message after message', () => {
    const { samples, letters } = read({ rule: { filter: 'x' }, topic: 'x' }, Array(5).fill('{"a":null,"b":1}'))
    assert.equal(letters.length, 0)
    assert.equal(samples.length, 10)
  })

  it('gives values without a time a microsecond each, in their order', () => {
    const { tags } = read({ rule: { filter: 'x' }, topic: 'x' }, [])
    assert.equal(tags.size, 0)
    const config = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [{ filter: '#' }] })
    const router = new Router(config, tags, 'plant')
    const builder = new BatchBuilder('plant')
    const collector = new Collector(builder, 'plant', config)
    for (let i = 0; i < 2_000; i++) {
      const bytes = Buffer.from(String(i))
      collector.message(router.find('a')!, bytes, 0, bytes.length, bytes.length, arrival + Math.floor(i / 500), false)
    }
    const { time } = builder.take(arrival)
    const micros = Array.from(time, (ms) => Math.round(ms * 1_000))
    for (let i = 1; i < micros.length; i++) assert.ok(micros[i] > micros[i - 1], `row ${i}`)
    assert.ok(time[1_999] - arrival < 4)
  })

  it('gives a tag the type of the configuration, with an event, and keeps the one that was', () => {
    const rule = { filter: 'x', type: 'number' } as const
    const config = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [rule] })
    const tags = new TagTable()
    const old = tags.resolve({ name: 'x', type: 'text' })
    const changes: string[] = []
    const router = new Router(config, tags, 'plant', (...words) => changes.push(words.join(' ')))
    const builder = new BatchBuilder('plant')
    const collector = new Collector(builder, 'plant', config)
    for (const text of ['21.5', '22.5'])
      collector.message(router.find('x')!, Buffer.from(text), 0, 4, 4, arrival, false)
    const batch = builder.take(arrival)
    assert.deepEqual([...batch.value], [21.5, 22.5])
    assert.deepEqual(changes, ['x text number'])
    assert.deepEqual([tags.at(old.index).type, tags.find('x')?.type], ['text', 'number'])
    assert.deepEqual(collector.letters, [])
  })

  it('tells once that values of another type come, with the command, and follows a retype at once', () => {
    const config = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [{ filter: 'x' }] })
    const tags = new TagTable()
    tags.resolve({ name: 'x', type: 'text' })
    const router = new Router(config, tags, 'plant')
    const builder = new BatchBuilder('plant')
    const collector = new Collector(builder, 'plant', config)
    const send = (text: string) =>
      collector.message(router.find('x')!, Buffer.from(text), 0, text.length, text.length, arrival, false)
    for (const text of ['1', '2', '3']) send(text)
    assert.equal(collector.letters.length, 3)
    assert.equal(collector.events.length, 1)
    const [event] = collector.events
    assert.ok(event.type === 'audit')
    assert.match(event.detail, /millwright tags retype x number/)
    tags.retype('x', 'number')
    send('4')
    assert.deepEqual([...builder.take(arrival).value], [4])
  })

  it('stores a retained message and the same live one once, where it carries its time', () => {
    const config = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [{ filter: 'x' }] })
    const router = new Router(config, new TagTable(), 'plant')
    const builder = new BatchBuilder('plant')
    const collector = new Collector(builder, 'plant', config)
    const send = (text: string, retained: boolean) =>
      collector.message(router.find('x')!, Buffer.from(text), 0, text.length, text.length, arrival, retained, retained)
    const timed = JSON.stringify({ ts: arrival - 5, value: 1 })
    send(timed, true)
    send(timed, false)
    assert.deepEqual([builder.take(arrival).length, collector.duplicates], [1, 1])
    // Without a time the live one is a value of now.
    send('7', true)
    send('7', false)
    assert.deepEqual([...builder.take(arrival).quality], [1, 0])
  })
})
