import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Enough for the pages that a few commits of removals change before freed ones can be used again. */
const reserveSize = 1 << 20

/**
 * A file that only takes room: removing records from LMDB takes a few new pages first, which a full disk does not have.
 * Giving up the reserve makes them.
 */
export class Reserve {
  readonly #path: string

  constructor(folder: string) {
    this.#path = join(folder, 'reserve')
  }

  /** Makes the file where it is missing and the disk has room for it. */
  fill(): void {
    if (existsSync(this.#path)) return
    try {
      writeFileSync(this.#path, new Uint8Array(reserveSize))
    } catch {
      // Next time, then: it is a help, not a need.
      rmSync(this.#path, { force: true })
    }
  }

  /** True where there was one. */
  spend(): boolean {
    if (!existsSync(this.#path)) return false
    rmSync(this.#path, { force: true })
    return true
  }
}
