import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../../agent/core/index.ts'
import { Stops } from '../../agent/runtime/stops.ts'
import { until } from '../support/until.ts'

function recorder(): { log: Logger; lines: string[] } {
  const lines: string[] = []
  const write = (_: object, message: string) => void lines.push(message)
  return { log: { debug: write, info: write, warn: write, error: write }, lines }
}

describe('stops', () => {
  it('end what was started in the reverse order, one after the other, once', async () => {
    const { log } = recorder()
    const stops = new Stops(log)
    const ended: string[] = []
    for (const name of ['journal', 'pipeline', 'sources']) {
      stops.add(name, async () => {
        await delay(1)
        ended.push(name)
      })
    }
    await Promise.all([stops.run(), stops.run()])
    assert.deepEqual(ended, ['sources', 'pipeline', 'journal'])
  })

  it('go on behind a part that fails, and tell of it', async () => {
    const { log, lines } = recorder()
    const stops = new Stops(log)
    let closed = false
    stops.add('the journal', () => (closed = true))
    stops.add('the page', () => Promise.reject(new Error('a socket hangs')))
    await assert.rejects(stops.run(), /a socket hangs/)
    assert.ok(closed)
    assert.deepEqual(lines, ['the page did not stop cleanly: a socket hangs'])
  })

  it('name a part that takes too long, and wait for it', async () => {
    const { log, lines } = recorder()
    const stops = new Stops(log, 5)
    let release: () => void = () => undefined
    stops.add('the stations', () => new Promise<void>((resolve) => (release = resolve)))
    let over = false
    const stopping = stops.run().then(() => (over = true))
    await until('it is named', () => lines.length > 0)
    assert.deepEqual([lines, over], [['the stations: still stopping'], false])
    release()
    await stopping
  })
})
