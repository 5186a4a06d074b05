import { setTimeout as delay } from 'node:timers/promises'
import { DetectorError } from '../../../agent/core/index.ts'
import { serve } from '../../../models/processes/serve.ts'

/** What the process is to do, and what native code has been seen to do. */
export type Act = 'answer' | 'wait' | 'throw' | 'refuse' | 'abort' | 'kill' | 'hang' | 'eat' | 'pid'

serve((setup: { broken?: boolean } | undefined) => {
  if (setup?.broken)
    return Promise.reject(new DetectorError('MODEL_BROKEN', 'the file is no model', { remedy: 'Train again.' }))
  return Promise.resolve(async (act: Act) => {
    if (act === 'throw') throw new Error('a picture without a picture')
    if (act === 'refuse') throw new DetectorError('MODEL_MISMATCH', 'another size', { remedy: 'Change it.' })
    if (act === 'abort') process.abort()
    if (act === 'kill') process.kill(process.pid, 'SIGKILL')
    if (act === 'wait') await delay(50)
    if (act === 'hang') for (;;);
    if (act === 'eat') {
      for (const all: Buffer[] = []; ;) {
        all.push(Buffer.alloc(20e6, 1))
        await delay(1)
      }
    }
    return process.pid
  })
})
