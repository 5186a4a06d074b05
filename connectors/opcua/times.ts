import type { DataValue } from 'node-opcua-client'
import { isBelieved } from '../../agent/core/index.ts'

/** What a sample's time was taken from. */
export type TimeOrigin = 'source' | 'server' | 'arrival'

/** The part of a DataValue that tells time. */
export type Stamped = Pick<DataValue, 'sourceTimestamp' | 'sourcePicoseconds' | 'serverTimestamp' | 'serverPicoseconds'>

/**
 * Picks the time of a sample, ms since epoch with fractions: source time, else server time, else arrival.
 * Times before 2000 or more than a day ahead of the arrival are absurd, unless the agent's own clock was never set. `origin`
 * says which was picked last.
 */
export class TimePicker {
  origin: TimeOrigin = 'source'

  pick(stamped: Stamped, arrival: number): number {
    this.origin = 'source'
    const source = precise(stamped.sourceTimestamp, stamped.sourcePicoseconds)
    if (isBelieved(source, arrival)) return source
    this.origin = 'server'
    const server = precise(stamped.serverTimestamp, stamped.serverPicoseconds)
    if (isBelieved(server, arrival)) return server
    this.origin = 'arrival'
    return arrival
  }
}

/** node-opcua puts all below a millisecond into the picoseconds. */
function precise(date: Date | null, picoseconds: number): number {
  return date === null ? NaN : date.getTime() + picoseconds * 1e-9
}

/** The median of the last 101 differences between arrival and source time. */
export class ClockSkew {
  readonly #ring = new Float64Array(101)
  #count = 0

  add(difference: number): void {
    this.#ring[this.#count++ % this.#ring.length] = difference
  }

  /** Arrivals are `step` ms later from here on, and the clock of the server is what it was. */
  shift(step: number): void {
    for (let i = 0; i < this.#ring.length; i++) this.#ring[i] += step
  }

  /** ms; NaN before the first difference. */
  get median(): number {
    const known = this.#ring.slice(0, Math.min(this.#count, this.#ring.length)).sort()
    return known.length === 0 ? NaN : known[known.length >> 1]
  }
}
