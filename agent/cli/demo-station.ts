import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plant } from '../../connectors/plant/index.ts'
import { describeError, type Logger } from '../core/index.ts'

/** Good parts that the demo's station learns from. */
const goodParts = 100

export interface StationTraining {
  readonly plant: Plant
  /** Temporary folder of the demo. */
  readonly folder: string
  /** The demo's configuration, with the addresses of the plant still to be filled in from the environment. */
  readonly text: string
  readonly data: string
  readonly station: string
  readonly log: Logger
}

/**
 * Has the simulated camera photograph good parts, and trains the station's model from them by the command that any user
 * would give, in a process of low priority. The agent puts the model to work by itself when it is there. Returns what
 * ends it early.
 */
export function trainDemoStation({ plant, folder, text, data, station, log }: StationTraining): () => Promise<void> {
  const stopping = new AbortController()
  const train = async () => {
    const [images, config] = [join(folder, 'good-parts'), join(folder, 'demo.yaml')]
    await plant.photographGoodParts(images, goodParts)
    await writeFile(config, text)
    if (stopping.signal.aborted) return
    const command = ['train', '--config', config, '--monitor', station, '--images', images]
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...command], {
      env: { ...process.env, MILLWRIGHT_DATA: data },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    stopping.signal.addEventListener('abort', () => child.kill('SIGKILL'))
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (said = (said + piece).slice(-2_000)))
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0 && child.signalCode !== 'SIGKILL')
      log.error({ station, said }, 'the demo’s station could not be trained')
  }
  const training = train().catch((error: unknown) => {
    log.error({ station }, `the demo’s station could not be trained: ${describeError(error)}`)
  })
  return () => {
    stopping.abort()
    return training
  }
}
