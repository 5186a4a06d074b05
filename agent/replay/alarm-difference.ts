import type { JournalRecord } from '../core/index.ts'

/** One alarm from raising to clearing. Event times, ms since epoch. */
export interface Episode {
  readonly monitor: string
  readonly asset: string
  readonly raised: number
  /** Undefined where it was still raised at the end. */
  readonly cleared: number | undefined
}

/** What two replays raised: alarms that overlap in time are the same. */
export interface AlarmDifference {
  readonly both: readonly (readonly [Episode, Episode])[]
  readonly onlyFirst: readonly Episode[]
  readonly onlySecond: readonly Episode[]
}

/** Gathers the alarms of a replay. */
export class Episodes {
  readonly #open = new Map<string, { monitor: string; asset: string; raised: number }>()
  readonly #ended: Episode[] = []

  take(records: readonly JournalRecord[]): void {
    for (const record of records) {
      if (record.kind !== 'event' || record.event.type !== 'alarm') continue
      const { monitor, asset, change, time } = record.event
      const key = `${monitor}\n${asset}`
      const open = this.#open.get(key)
      if (change === 'raised' && !open) this.#open.set(key, { monitor, asset, raised: time })
      if (change === 'cleared' && open) {
        this.#open.delete(key)
        this.#ended.push({ ...open, cleared: time })
      }
    }
  }

  /** In order of raising. */
  all(): Episode[] {
    const open = [...this.#open.values()].map((episode) => ({ ...episode, cleared: undefined }))
    return [...this.#ended, ...open].sort((a, b) => a.raised - b.raised || (keyOf(a) < keyOf(b) ? -1 : 1))
  }
}

/** Pairs the alarms of two replays over the same data. */
export function compareAlarms(first: readonly Episode[], second: readonly Episode[]): AlarmDifference {
  const left = new Set(second)
  const both: [Episode, Episode][] = []
  const onlyFirst: Episode[] = []
  for (const episode of first) {
    const match = [...left].find((other) => keyOf(other) === keyOf(episode) && overlap(episode, other))
    if (match) {
      left.delete(match)
      both.push([episode, match])
    } else onlyFirst.push(episode)
  }
  return { both, onlyFirst, onlySecond: [...left] }
}

const keyOf = ({ monitor, asset }: Episode): string => `${monitor}\n${asset}`

function overlap(a: Episode, b: Episode): boolean {
  return a.raised <= (b.cleared ?? Infinity) && b.raised <= (a.cleared ?? Infinity)
}
