import assert from 'node:assert/strict'
import { DetectorError } from '../../../agent/core/index.ts'
import { ProcessPool, type PoolOptions } from '../../../models/processes/pool.ts'
import type { Act } from './worker.ts'

const module = new URL('worker', import.meta.url)

describe('pool of processes', () => {
  const opened: ProcessPool<Act, number>[] = []
  const ends: string[] = []

  function pool(options: Partial<PoolOptions> = {}): ProcessPool<Act, number> {
    const made = new ProcessPool<Act, number>({ module, name: 'the test', died: (how) => ends.push(how), ...options })
    opened.push(made)
    return made
  }

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()))
    ends.length = 0
  })

  it('answers from another process, begun with the first job', async () => {
    const pid = await pool().run('pid')
    assert.notEqual(pid, process.pid)
  })

  it('hands on what a job rejects with, its code and remedy', async () => {
    const own = pool()
    await assert.rejects(own.run('throw'), /the test: a picture without a picture/)
    await assert.rejects(own.run('refuse'), { code: 'MODEL_MISMATCH', message: 'another size', remedy: 'Change it.' })
    assert.deepEqual(ends, [])
  })

  it('says at the opening what is wrong', async () => {
    await assert.rejects(pool({ setup: { broken: true } }).open(), { code: 'MODEL_BROKEN', remedy: 'Train again.' })
  })

  for (const [act, how] of [
    ['abort', /ended with SIGABRT/],
    ['kill', /ended with SIGKILL/],
    ['hang', /gave no answer for 3 s/],
    ['eat', /took more than 400 MB/],
  ] as const) {
    it(`gives up a job that ends two processes, does the others, and goes on: ${act}`, async () => {
      const own = pool({ atOnce: 3, patience: act === 'hang' ? 3_000 : 300_000, memory: 400e6 })
      await own.open()
      const first = await own.run('pid')
      const [before, culprit, after] = await Promise.allSettled([own.run('wait'), own.run(act), own.run('wait')])
      assert.ok(culprit.status === 'rejected' && culprit.reason instanceof DetectorError)
      assert.equal(culprit.reason.code, 'WORKER_DIED')
      assert.match(culprit.reason.message, how)
      assert.match(culprit.reason.message, /twice with this job in hand/)
      assert.deepEqual([before.status, after.status], ['fulfilled', 'fulfilled'])
      assert.notEqual(await own.run('pid'), first)
      assert.equal(ends.length, 2)
    })
  }

  it('lets what is in hand end before it closes', async () => {
    const own = new ProcessPool<Act, number>({ module, name: 'the test' })
    await own.open()
    const last = own.run('wait')
    await own.close()
    assert.ok((await last) > 0)
  })
})
