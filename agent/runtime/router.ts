import { Observable, share, Subject } from 'rxjs'
import {
  AssetClass,
  selectRows,
  type Arrival,
  type Batch,
  type JournalEvent,
  type Source,
  type TagTable,
} from '../core/index.ts'
import type { Ingest } from '../ingest/index.ts'

/** Where arrivals go: the way into the journal of a unit, and the tags that it knows. */
export interface Intake {
  readonly tags: TagTable
  readonly ingest: Pick<Ingest, 'add' | 'remove'>
}

/** Which unit an asset belongs to, by the names of tag and asset: an index into the intakes. */
export type Share = (asset: string) => number

/**
 * In front of the units: lets each source flow to all of them, each arrival cut by asset. A source is told that an arrival is
 * settled when every unit that has a part of it has stored it. With one unit the source is handed on as it is.
 */
export class Router {
  readonly #intakes: readonly Intake[]
  readonly #place: Placement | undefined

  /** `tags`: the table of the connectors; `assets`: patterns by class. Both matter with more than one unit only. */
  constructor(
    intakes: readonly Intake[],
    tags: TagTable,
    assets: Readonly<Record<string, { tags: string }>>,
    share: Share,
  ) {
    this.#intakes = intakes
    this.#place = intakes.length > 1 ? new Placement(intakes, tags, assets, share) : undefined
  }

  /** Takes what a source has, from now on. */
  add(name: string, source: Source): void {
    const place = this.#place
    const sources = place ? cut(source, this.#intakes.length, place) : [source]
    this.#intakes.forEach(({ ingest }, unit) => ingest.add(name, sources[unit]))
  }

  /** Ends a source; resolves when what it had handed on is stored and acknowledged. */
  async remove(name: string): Promise<void> {
    await Promise.all(this.#intakes.map(({ ingest }) => ingest.remove(name)))
  }
}

/** Which unit a tag or an event goes to, and the index of a tag there. */
class Placement {
  readonly #intakes: readonly Intake[]
  readonly #tags: TagTable
  readonly #classes: readonly AssetClass[]
  readonly #share: Share
  /** By tag of the connectors: the unit, and the index there. */
  readonly #known: (readonly [unit: number, index: number])[] = []

  constructor(
    intakes: readonly Intake[],
    tags: TagTable,
    assets: Readonly<Record<string, { tags: string }>>,
    share: Share,
  ) {
    this.#intakes = intakes
    this.#tags = tags
    this.#classes = Object.entries(assets).map(([name, pattern]) => new AssetClass(name, pattern.tags, tags))
    this.#share = share
  }

  tag(index: number): readonly [unit: number, index: number] {
    return (this.#known[index] ??= this.#locate(index))
  }

  /** Labels go to their asset; what speaks of none goes to the first unit. */
  event(event: JournalEvent): number {
    return 'asset' in event && typeof event.asset === 'string' ? this.#share(event.asset) : 0
  }

  #locate(index: number): readonly [number, number] {
    const { index: _, ...definition } = this.#tags.at(index)
    const asset = this.#classes.map((assets) => assets.locate(index)?.asset.name).find((name) => name !== undefined)
    const unit = asset === undefined ? 0 : this.#share(asset)
    return [unit, this.#intakes[unit].tags.resolve(definition).index]
  }
}

/** One source per unit, over one subscription to the true one. */
function cut(source: Source, units: number, place: Placement): Source[] {
  const ways = Array.from({ length: units }, () => new Subject<Arrival>())
  // Nothing of its own is emitted: whoever subscribes gets the arrivals of a way, and keeps the source flowing.
  const flowing = new Observable<never>((subscriber) =>
    source.batches().subscribe({
      next: (arrival) => distribute(arrival, ways, place),
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  ).pipe(share())
  return ways.map((way) => ({
    batches: () =>
      new Observable<Arrival>((subscriber) => {
        const own = way.subscribe((arrival) => subscriber.next(arrival))
        own.add(flowing.subscribe({ error: (error) => subscriber.error(error), complete: () => subscriber.complete() }))
        return own
      }),
    ...(source.closed && { closed: () => source.closed!() }),
  }))
}

function distribute(arrival: Arrival, ways: readonly Subject<Arrival>[], place: Placement): void {
  const { batch, rejected = [], events = [] } = arrival
  const parts = ways.map((_, unit): Arrival => ({
    batch: partOf(batch, unit, place),
    rejected: unit === 0 ? rejected : [],
    events: events.filter((event) => place.event(event) === unit),
  }))
  const concerned = parts.flatMap((part, unit) => (unit === 0 || holds(part) ? [unit] : []))
  let waiting = concerned.length
  let stored = true
  const settled = (ok: boolean) => {
    stored &&= ok
    if (--waiting === 0) arrival.settled?.(stored)
  }
  for (const unit of concerned) ways[unit].next({ ...parts[unit], settled })
}

function holds({ batch, events = [] }: Arrival): boolean {
  return batch.length > 0 || events.length > 0
}

/** The rows of one unit, under its own indices of tags. */
function partOf(batch: Batch, unit: number, place: Placement): Batch {
  const rows: number[] = []
  for (let row = 0; row < batch.length; row++) if (place.tag(batch.tag[row])[0] === unit) rows.push(row)
  const part = selectRows(batch, Uint32Array.from(rows))
  return { ...part, tag: part.tag.map((tag) => place.tag(tag)[1]) }
}
