import assert from 'node:assert/strict'
import type { DeadLetter } from '../../../agent/core/index.ts'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { rowsOf, type Settings, TestContext } from './harness.ts'

const time = Date.UTC(2026, 0, 15, 12)

/** A letter as the source makes it. */
function letterOf(payload: string, more: Partial<DeadLetter['message'] & { size: number }> = {}): DeadLetter {
  const { topic = 'plant/x', field = '', part = false, late = false, size = Buffer.byteLength(payload) } = more
  const message = { topic, field, part, late }
  const what = { origin: 'plant', reason: 'unmapped', detail: 'd', subject: topic } as const
  return { time, ...what, rows: 1, payload: Buffer.from(payload), size, message }
}

/** What a source of these topics makes of a letter: rows and reasons, or why it cannot. */
function again(topics: Settings['topics'], letter: DeadLetter, context = new TestContext()) {
  const source = mqtt.source!(mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics }), context)!
  const arrival = source.again!(letter)
  context.dispose()
  if (typeof arrival === 'string') return arrival
  const rows = rowsOf(arrival, context.tags).map(({ tag, time: at, value, quality }) => [
    tag,
    at - time,
    value,
    quality,
  ])
  return { rows, reasons: (arrival.rejected ?? []).map(({ reason }) => reason) }
}

const kepware = JSON.stringify({ timestamp: time, values: [{ id: 'P7.Flow', v: 3, q: true, t: time - 9 }, { id: 'P7.On', v: 1, q: true, t: time - 9 }] }) // prettier-ignore

describe('connectors/mqtt what was put aside, read again', () => {
  it('goes by the mapping of today', () => {
    const { reasons } = again([{ filter: 'plant/x' }], letterOf(kepware)) as { reasons: string[] }
    assert.deepEqual(reasons, ['unmapped'])
    assert.deepEqual(again([{ filter: 'plant/#', preset: 'kepware' }], letterOf(kepware)), {
      rows: [['P7/Flow', -9, 3, 0], ['P7/On', -9, 1, 0]], // prettier-ignore
      reasons: [],
    })
  })

  it('of a topic that no filter matches stays unmapped', () => {
    assert.deepEqual(again([{ filter: 'other' }], letterOf('1')), { rows: [], reasons: ['unmapped'] })
  })

  it('takes the one value that was put aside, and no other of its message', () => {
    const context = new TestContext()
    context.tags.resolve({ name: 't/state', type: 'number' })
    context.tags.retype('t/state', 'text')
    const letter = letterOf(`{"ts":${time - 5},"flow":3,"state":"run"}`, { field: 'state', part: true })
    assert.deepEqual(again([{ filter: 'plant/x', tag: 't' }], letter, context), {
      rows: [['t/state', -5, 'run', 0]],
      reasons: [],
    })
  })

  it('keeps the arrival of values without a time of their own, uncertain where they had waited', () => {
    const topics = [{ filter: 'plant/x', tag: 't' }]
    assert.deepEqual(again(topics, letterOf('7')), { rows: [['t', 0, 7, 0]], reasons: [] })
    assert.deepEqual(again(topics, letterOf('7', { late: true })), { rows: [['t', 0, 7, 1]], reasons: [] })
  })

  const { message: _, ...several } = letterOf('1')
  const kept: [what: string, letter: DeadLetter, words: RegExp][] = [
    ['was cut', letterOf('{"a":1', { size: 99 }), /only the first 6 of its 99 bytes were kept/],
    ['is stored in part', letterOf('[1]', { part: true }), /some values of the message were stored, 1 were not/],
    ['stands for several values', several, /several values/],
  ]
  for (const [what, letter, words] of kept)
    it(`says why it cannot where it ${what}`, () => {
      const answer = again([{ filter: '#' }], letter)
      assert.ok(typeof answer === 'string')
      assert.match(answer, words)
    })
})
