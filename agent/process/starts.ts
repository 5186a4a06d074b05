import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a process of this data folder was at when it ended. */
const phases = ['journal', 'start', 'work'] as const
export type Phase = (typeof phases)[number]

interface Known {
  /** Of the process that is at work, or of one that ended without a word. */
  readonly phase?: Phase
  /** How many in a row ended so in that phase. */
  readonly ends: number
}

/**
 * How the processes of a data folder ended: a clean stop leaves nothing, so that the next start knows of the others, and in
 * which phase they were.
 */
export class Starts {
  readonly #file: string
  readonly #before: Known

  /** `folder`: the data folder. */
  constructor(folder: string) {
    this.#file = join(folder, 'start.json')
    this.#before = read(this.#file)
  }

  /** Whether the process before ended without a stop: by a crash, a kill or a power cut. */
  get unclean(): boolean {
    return this.#before.phase !== undefined
  }

  /** How many processes in a row ended in a phase. */
  endsIn(phase: Phase): number {
    return this.#before.phase === phase ? this.#before.ends + 1 : 0
  }

  /** The process has come to a phase. */
  enter(phase: Phase): void {
    this.#write({ phase, ends: this.endsIn(phase) })
  }

  /** As if this process had not been: it could not begin. */
  leave(): void {
    this.#write(this.#before)
  }

  /** The process has stopped. */
  stopped(): void {
    this.#write({ ends: 0 })
  }

  #write(known: Known): void {
    try {
      mkdirSync(dirname(this.#file), { recursive: true })
      writeFileSync(this.#file, JSON.stringify(known))
    } catch {
      // On a full disk, say: it is a help, not a need.
    }
  }
}

function read(file: string): Known {
  try {
    const { phase, ends } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Known>
    if (phase !== undefined && phases.includes(phase) && Number.isInteger(ends)) return { phase, ends: ends! }
  } catch {
    // The first start, or one that could not write it.
  }
  return { ends: 0 }
}
