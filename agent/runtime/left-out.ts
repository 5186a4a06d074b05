import { type Logger, type Metrics, mostEnds, type Status } from '../core/index.ts'
import type { Marks, Starts } from '../process/index.ts'
import type { Config } from '../settings/index.ts'
import type { Changes } from './changes.ts'

/** What an agent can do without: the others go on. What is in hand in the pipeline is put aside instead. */
const kinds = ['connector', 'sink', 'monitor', 'station', 'page'] as const

export interface LeftOutParts {
  readonly config: Config
  readonly starts: Starts
  readonly marks: Marks
  readonly log: Logger
  readonly metrics: Metrics
}

/**
 * The parts that this process does without, because they ended others as soon as they were started: `connector plant`,
 * `sink cloud`, `monitor health`, `station camera`, `page`. They come back with the next start after a stop in order, or by a
 * change of their configuration.
 */
export class LeftOut {
  readonly #parts = new Set<string>()
  readonly #metrics: Metrics

  constructor({ config, starts, marks, log, metrics }: LeftOutParts) {
    this.#metrics = metrics
    for (const { part, key } of marks.condemned)
      log.error({ part, key }, `the agent ended ${mostEnds} times with the same in hand: ${part} puts it aside, unread`)
    const named = starts.looping && marks.condemned.length === 0 ? blamed(config, starts, marks) : []
    for (const part of [...starts.before, ...named]) this.#parts.add(part)
    starts.doWithout([...this.#parts])
    for (const part of this.#parts) metrics.gauge('parts_left_out', 1, { part })
    for (const text of this.reasons) log.error({}, text)
    if (starts.looping && named.length + marks.condemned.length === 0)
      log.error(
        {},
        'the agent ended three times within a minute, and nothing tells by which part: all of them are started',
      )
  }

  get size(): number {
    return this.#parts.size
  }

  /** In words, one for each part. */
  get reasons(): string[] {
    return [...this.#parts].map((part) => `${part} ${words}. ${remedy}`)
  }

  has(part: string): boolean {
    return this.#parts.has(part)
  }

  /** How a connector is that is left out. */
  get status(): Status {
    return { state: 'down', message: words, remedy }
  }

  /** Settings have changed: what they are of is tried again. */
  changed({ changed, removed, added, pipeline, stations }: Changes): void {
    const connectors = [...changed, ...removed, ...added].flatMap((name) => [`connector ${name}`, `sink ${name}`])
    const monitors = pipeline.map((name) => name.replace('monitors.', 'monitor '))
    const other = [...stations.changed, ...stations.removed, ...stations.added].map((name) => `station ${name}`)
    for (const part of [...connectors, ...monitors, ...other])
      if (this.#parts.delete(part)) this.#metrics.gauge('parts_left_out', 0, { part })
  }
}

const words = 'is left out: it ended the agent three times within a minute'
const remedy =
  'Look for its last words in the log and mend the cause; then stop the agent and start it again, or change the settings of this part: both bring it back.'

/** By the marks of what was in hand again and again, and by the error that ended the newest process. */
function blamed(config: Config, starts: Starts, marks: Marks): string[] {
  const marked = marks.before.map(({ part }) => part).filter((part) => marks.endsOf(part) >= mostEnds)
  const parts = [...marked, ...starts.words.flatMap((folder) => partsOf(folder, config)).slice(0, 64)]
  return [...new Set(parts)].filter((part) => kinds.some((kind) => part.split(' ')[0] === kind))
}

/** What a folder of the agent's source is of: all connectors of its kind, as nobody knows which. */
function partsOf(folder: string, { connectors, inspections }: Config): string[] {
  const [top, room] = folder.split('/')
  const stations = () => Object.keys(inspections).map((name) => `station ${name}`)
  if (top === 'connectors' && room === 'images') return stations()
  if (top === 'connectors')
    return Object.entries(connectors)
      .filter(([, { definition }]) => definition.type === room)
      .flatMap(([name]) => [`connector ${name}`, `sink ${name}`])
  if (top === 'agent' && (room === 'http' || room === 'web')) return ['page']
  return (top === 'agent' && room === 'stations') || (top === 'models' && room === 'inspection') ? stations() : []
}
