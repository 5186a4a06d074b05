import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'

/** Up to when all is stored, over restarts: what a start after a crash has missed is a gap since then. */
export class LastStored {
  readonly #file: string
  #savedAt = 0
  /** Arrival of the newest batch that is on disk, ms since epoch; NaN where there never was one. */
  time: number

  constructor(file: string) {
    this.#file = file
    this.time = readTime(file)
  }

  /** Takes note, and writes it down once a second. */
  note(arrival: number): void {
    this.time = arrival
    if (performance.now() - this.#savedAt < 1_000) return
    this.#savedAt = performance.now()
    writeFile(this.#file, String(arrival)).catch(() => undefined)
  }
}

function readTime(file: string): number {
  try {
    return Number.parseFloat(readFileSync(file, 'utf8'))
  } catch {
    return NaN
  }
}
