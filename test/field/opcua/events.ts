import assert from 'node:assert/strict'
import { until } from '../../support/until.ts'
import type { ServerCase } from './servers.ts'

const hot = { name: 'Pump7/Temperature', folder: 'Pump7', value: 20, alarm: { name: 'Overheated', high: 80 } }
const cold = { name: 'A', value: 0 }
const tags = [{ node: 'ns=2;s=Pump7/Temperature', tag: 'temperature' }]
const plain = { nodes: [cold], tags: [{ node: 'ns=2;s=A', tag: 'A' }] }
const all = [{ asset: 'hall/{origin}' }]

/** Events of servers, and what becomes of them. */
export const events: readonly ServerCase[] = [
  {
    ...plain,
    name: 'an event',
    source: 'Part 5, 6.4.2',
    settings: { events: all },
    what: async ({ server, source }) => {
      await server.raise({ source: 'Robot1', message: 'stopped by hand', severity: 300 })
      await until('report', () => source.events('report').length === 1)
      const [{ asset, kind, origin, message, severity, alarm, active, id }] = source.events('report')
      assert.deepEqual([asset, kind, origin, message, severity], ['hall/Robot1', 'BaseEventType', 'Robot1', 'stopped by hand', 300]) // prettier-ignore
      assert.deepEqual([alarm, active], [undefined, undefined])
      assert.match(id, /^[0-9a-f]{2,}$/)
    },
  },
  {
    ...plain,
    name: 'events of some sources, of some severity',
    source: 'servers that tell all of a plant',
    settings: { events: [{ origin: 'Robot*', asset: 'cell{1}', severity: 200 }] },
    what: async ({ server, source }) => {
      await server.raise({ source: 'Robot1', message: 'low', severity: 100 })
      await server.raise({ source: 'Press1', message: 'other', severity: 900 })
      await server.raise({ source: 'Robot2', message: 'wanted', severity: 200 })
      await until('report', () => source.events('report').length > 0)
      assert.deepEqual(
        source.events('report').map(({ asset, message }) => [asset, message]),
        [['cell2', 'wanted']],
      )
      assert.deepEqual(source.letters, [])
    },
  },
  {
    ...plain,
    name: 'an event of no source',
    source: 'servers that leave fields empty',
    settings: { events: all.map(() => ({})) },
    what: async ({ server, source }) => {
      await server.raise({ message: 'who was it', severity: 500 })
      await until('letter', () => source.letters.length === 1)
      const [{ reason, detail, subject, payload }] = source.letters
      assert.deepEqual([reason, detail, subject], ['unmapped', 'the event names no source, and so no asset', 'i=2253'])
      assert.match(Buffer.from(payload).toString(), /EventId/)
      assert.deepEqual(source.events('report'), [])
    },
  },
  {
    ...plain,
    name: 'an event whose severity is none',
    source: 'gateways before PLCs',
    settings: { events: all },
    what: async ({ server, source }) => {
      await server.raise({ source: 'Robot1', message: 'very bad', severity: 60_000 })
      await until('letter', () => source.letters.length === 1)
      assert.deepEqual([source.letters[0].reason, source.letters[0].detail], ['value', 'the severity 60000 is none of 0 to 1000']) // prettier-ignore
    },
  },
  {
    name: 'an alarm begins and ends, and is a fault',
    source: 'Part 9, 5.8',
    nodes: [hot],
    tags,
    settings: {
      events: [
        {
          origin: '*Pump*',
          asset: 'pump{2}',
          severity: 100,
          labels: [{ name: 'Over*', label: 'fault', class: 'overheating' }],
        },
      ],
    },
    what: async ({ server, source }) => {
      await until('value', () => source.rows('temperature').length > 0)
      await server.write({ name: hot.name, value: 90 })
      await until('active', () => source.events('report').some(({ active }) => active === true))
      await server.write({ name: hot.name, value: 30 })
      await until('label', () => source.events('label').length === 1)
      const reports = source.events('report').filter(({ alarm }) => alarm === 'Overheated')
      const began = reports.find(({ active }) => active === true)!
      assert.deepEqual([began.asset, began.kind, began.acknowledged], ['pump7', 'ExclusiveLimitAlarmType', false])
      assert.equal(reports.at(-1)!.active, false)
      const [{ label, asset, class: name, from, time, by }] = source.events('label')
      assert.deepEqual([label, asset, name, by], ['fault', 'pump7', 'overheating', 'plc'])
      assert.ok(from! <= began.time && time > from!)
      assert.equal(new Set(reports.map(({ id }) => id)).size, reports.length)
    },
  },
  {
    name: 'an alarm that is active at the start, and stays over a loss',
    source: 'Part 9, 5.5.7: ConditionRefresh',
    nodes: [{ ...hot, value: 90 }],
    tags,
    settings: { events: [{ labels: [{ label: 'fault', class: 'overheating' }] }] },
    what: async ({ server, source }) => {
      await until('active', () => source.events('report').some(({ active }) => active === true))
      const { length } = source.events('report')
      await server.dropSubscriptions()
      await until('gap', () => source.gaps.length > 0)
      await server.write({ name: hot.name, value: 30 })
      await until('label', () => source.events('label').length === 1)
      // What was told before is not told again.
      const news = source.events('report').slice(length)
      assert.ok(news.length > 0 && news.every(({ active }) => active === false))
      assert.ok(source.events('label')[0].from! < source.gaps[0].to)
    },
  },
  {
    ...plain,
    name: 'a node of events that is not there',
    source: 'people',
    settings: { events: [{ node: 'ns=2;s=B' }] },
    isRefused: true,
    what: async ({ source }) => {
      await until('degraded', () => source.status?.state === 'degraded')
      assert.match(source.status!.message, /it does not tell events of 1 nodes/)
      assert.match(source.status!.items!['events of ns=2;s=B'], /^Bad/)
      await until('values all the same', () => source.rows('A').length > 0)
    },
  },
]
