import assert from 'node:assert/strict'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { matchFilter } from '../../../connectors/mqtt/patterns.ts'
import { TestContext } from './harness.ts'

const url = 'mqtt://broker'
const topics = [{ filter: 'plant/+/#' }]

describe('connectors/mqtt settings', () => {
  const bad: [what: string, settings: object, message: RegExp][] = [
    ['neither topics nor publish', { url }, /a source.*a sink/],
    ['an unknown key', { url, topics, topic: 'x' }, /topic/],
    ['another protocol', { url: 'http://broker', topics }, /mqtt:\/\/broker:1883/],
    ['a password in the address', { url: 'mqtt://a:b@broker', topics }, /password_file/],
    ['a password without a user', { url, topics, password: 'x' }, /username/],
    ['a certificate without its key', { url: 'mqtts://broker', topics, tls: { cert: 'c.pem' } }, /belong together/],
    ['TLS settings without TLS', { url, topics, tls: { ca: 'c.pem' } }, /no TLS/],
    ['version 4', { url, topics, version: 4 }, /3.1.1 or 5/],
    ['QoS 3', { url, topics, qos: 3 }, /0, 1 or 2/],
    ['# in the middle', { url, topics: [{ filter: 'a/#/b' }] }, /last level/],
    ['+ beside letters', { url, topics: [{ filter: 'a+/b' }] }, /alone in a level/],
    ['a capture too many', { url, topics: [{ filter: 'a/+', tag: '{1}/{2}' }] }, /1 levels of \+/],
    ['the rest of a filter without one', { url, topics: [{ filter: 'a/+', tag: '{#}' }] }, /does not end with #/],
    ['an unknown placeholder', { url, topics: [{ filter: 'a/+', tag: '{asset}' }] }, /\{asset\} is not known/],
    ['a wildcard in the prefix', { url, publish: { prefix: 'a/#' } }, /\+ or #/],
  ]
  for (const [what, settings, message] of bad) {
    it(`refuses ${what}`, () => {
      const result = mqtt.config.safeParse({ type: 'mqtt', ...settings })
      assert.ok(!result.success)
      assert.match(result.error.message, message)
    })
  }

  it('makes a source of topics and a sink of publish, without connecting', () => {
    const context = new TestContext()
    const both = mqtt.config.parse({ type: 'mqtt', url, topics, publish: {} })
    assert.ok(mqtt.source!(both, context))
    assert.ok(mqtt.sink!(both, context))
    assert.equal(mqtt.sink!(mqtt.config.parse({ type: 'mqtt', url, topics }), context), undefined)
    assert.equal(mqtt.source!(mqtt.config.parse({ type: 'mqtt', url, publish: {} }), context), undefined)
    assert.deepEqual(context.statuses, [])
    context.dispose()
  })

  it('never shows a password', () => {
    const settings = mqtt.config.parse({ type: 'mqtt', url, topics, username: 'a', password: 'hidden' })
    assert.ok(!JSON.stringify(settings).includes('hidden'))
  })

  for (const [filter, topic, expected] of [
    ['a/+/c', 'a/b/c', { levels: ['b'], rest: '' }],
    ['a/+/c', 'a/b/d', undefined],
    ['a/+', 'a', undefined],
    ['a/+', 'a/b/c', undefined],
    ['a/#', 'a', { levels: [], rest: '' }],
    ['a/#', 'a/b/c', { levels: [], rest: 'b/c' }],
    ['+/#', 'a/b', { levels: ['a'], rest: 'b' }],
    ['+/+', '/b', { levels: ['', 'b'], rest: '' }],
    ['#', '$SYS/load', undefined],
    ['+/load', '$SYS/load', undefined],
    ['$SYS/#', '$SYS/load', { levels: [], rest: 'load' }],
    ['$share/g/a/+', 'a/b', { levels: ['b'], rest: '' }],
  ] as const) {
    it(`${expected ? 'matches' : 'does not match'} ${topic} with ${filter}`, () => {
      assert.deepEqual(matchFilter(filter, topic), expected)
    })
  }
})
