import { once } from 'node:events'
import { join } from 'node:path'
import { silentMetrics, systemClock, type Journal, type Logger } from '../../agent/core/index.ts'
import { journalConfig, openJournal } from '../../agent/journal/index.ts'
import { Live, pipelineCursor } from '../../agent/pipeline/live.ts'
import { detectorLoader } from '../../agent/pipeline/detectors.ts'
import { Pipeline } from '../../agent/pipeline/pipeline.ts'
import { Registry } from '../../models/index.ts'
import { scenarioConfig } from './scenario.ts'

/**
 * The pipeline over a journal on disk, in a process that may be killed: `live-process.ts <folder>`. It waits for a word
 * on stdin, says `running`, and ends with code 0 when it has handled all samples. Each result is durable before the next
 * record is handled, so that a run takes long enough to be killed in.
 */
const [folder] = process.argv.slice(2)
const log: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

await once(process.stdin, 'data')
const journal = await openJournal({ folder: join(folder, 'journal'), settings: journalConfig.parse({}) })
const config = scenarioConfig()
const checkpoint = journal.cursor(pipelineCursor)
const pipeline = await Pipeline.create({
  config,
  tags: journal.tags,
  metrics: silentMetrics,
  keepSamples: true,
  saved: checkpoint?.state,
  detector: detectorLoader(config, new Registry(join(folder, 'models')), log),
})
const parts = { journal: slow(journal), pipeline, metrics: silentMetrics, log, clock: systemClock }
const live = new Live({
  ...parts,
  remake: () => Promise.reject(new Error('not here')),
  from: checkpoint?.offset ?? 0,
  checkpointEvery: 50,
})
process.stdout.write('running\n')
await live.run(new AbortController().signal)
await pipeline.close()
await journal.close()
process.exit(0)

/** Hands out one record at a time, and ends behind the last. */
function slow(whole: Journal): Journal {
  return new Proxy(whole, {
    get(target, key) {
      if (key === 'follow') {
        return async function* (_: string, from: number) {
          for (let at = from; ;) {
            const entries = target.read('samples', at, 1)
            if (entries.length === 0) return
            yield entries
            at = entries[0].offset + 1
            await target.commit('pace', { offset: at })
          }
        }
      }
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
