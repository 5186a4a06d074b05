import type { Item } from './items.ts'
import type { Link, LinkHost } from './link.ts'
import { readValues } from './pieces.ts'
import { SilentItems } from './silent.ts'

const serverState = 'ns=0;i=2259'
/** Where all nodes are refused they are asked for as often as this, ms. */
const soon = 5_000
/** Shortest time between two look-ups, ms: a download changes many nodes one after the other. */
const shortest = 1_000

/** What a link does besides receiving: refused and silent items, what could not be stored, a session that stays. */
export class Tending {
  readonly #host: LinkHost
  readonly #link: Link
  readonly #failed: (error: Error) => void
  readonly #silent: SilentItems
  #busy = false
  #allAskedAt = performance.now()
  #lookedUpAt = performance.now()
  /** Time that the newest look-up took, ms. */
  #took = 0
  /** The server says that its nodes have changed. */
  isLookupDue = false
  /** When the server was last asked for its state. */
  #askedAt = performance.now()

  constructor(host: LinkHost, link: Link, failed: (error: Error) => void) {
    this.#host = host
    this.#link = link
    this.#failed = failed
    this.#silent = new SilentItems(host.settings)
  }

  /** How often the session needs it, ms. */
  get pace(): number {
    const { timeout } = this.#link.connection.session
    return timeout > 0 ? timeout / 6 : Infinity
  }

  /** Does what is due, one thing after the other; a call meanwhile does nothing. */
  async tend(now: number, paused: boolean): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      await this.#keepSession(now)
      if (this.#isLookup(now)) await this.#lookUp(now)
      await this.#link.refreshConditions()
      const due = this.#due(now)
      if (due.length > 0) await this.#placeAgain(due)
      if (paused) return
      await this.#lookForSilent()
      for (const subscription of this.#link.subscriptions.byId.values())
        if (subscription.unstored.length > 0) await this.#link.republishUnstored(subscription)
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#busy = false
    }
  }

  /** A server may end a session sooner than was asked for; while nothing changes, Publish alone does not keep it. */
  async #keepSession(now: number): Promise<void> {
    const { session, limits } = this.#link.connection
    if (now - this.#askedAt < 2 * this.pace) return
    this.#askedAt = now
    await readValues(session, limits, [serverState])
  }

  /** Whether names are to be looked up: nodes have changed, it is time, or none is there and may be soon. */
  #isLookup(now: number): boolean {
    const { items, inventory, settings } = this.#host
    const passed = now - this.#lookedUpAt
    if (this.isLookupDue) return passed >= Math.min(shortest, settings.retry.first)
    if (inventory.rules.length === 0 && !items.some(({ address }) => address.startsWith('/'))) return false
    if (passed >= settings.lookup) return true
    // A large server is not to be looked through all the time.
    return this.#link.served.length === 0 && passed >= Math.max(Math.min(soon, settings.retry.first), 20 * this.#took)
  }

  async #lookUp(now: number): Promise<void> {
    this.isLookupDue = false
    await this.#link.lookUp()
    this.#lookedUpAt = performance.now()
    this.#took = this.#lookedUpAt - now
    this.#silent.hurry()
    this.#link.serve()
    this.#host.changed()
  }

  /** Refused items whose time has come. Where all are refused, the server may be about to have its program: soon. */
  #due(now: number): readonly Item[] {
    const { items, settings } = this.#host
    const refused = items.filter((item) => item.refusal !== undefined)
    if (refused.length === items.length && now - this.#allAskedAt >= Math.min(soon, settings.retry.first)) {
      this.#allAskedAt = now
      return refused
    }
    return refused.filter(({ retryAt }) => retryAt <= now)
  }

  async #lookForSilent(): Promise<void> {
    const { items, reader, clock } = this.#host
    const arrival = clock.now()
    const found = await this.#silent.look(this.#link.connection, this.#link.subscriptions, items, reader, arrival)
    if (!found) return
    await this.#link.placeAgain(found)
    this.#link.handOn(arrival)
    this.#host.changed()
  }

  async #placeAgain(due: readonly Item[]): Promise<void> {
    const known = due.map((item) => item.refusal)
    await this.#link.lookUp(due)
    this.#link.serve()
    if (due.some((item, i) => item.refusal !== known[i])) this.#host.changed()
  }
}
