import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a process of this data folder was at when it ended. */
const phases = ['journal', 'start', 'work'] as const
export type Phase = (typeof phases)[number]

/** So many ends within so many ms are a loop, which would go on for ever. */
const loop = { ends: 3, within: 60_000 }

interface Known {
  /** Of the process that is at work, or of one that ended without a word. */
  readonly phase?: Phase
  /** How many in a row ended so in that phase. */
  readonly ends: number
  /** When the newest of them were found to have ended, ms since epoch. */
  readonly found: readonly number[]
  /** Parts that the newest process did without. */
  readonly without: readonly string[]
  /** Of the newest process: where the error came from that ended it, the innermost part first. */
  readonly words: readonly string[]
  readonly pid?: number
}

const nothing: Known = { ends: 0, found: [], without: [], words: [] }

/**
 * How the processes of a data folder ended: a clean stop leaves nothing, so that the next start knows of the others, in which
 * phase they were, and whether they come one after the other.
 */
export class Starts {
  readonly #file: string
  readonly #before: Known
  readonly #found: readonly number[]
  #without: readonly string[] = []

  /** `folder`: the data folder; `now`: ms since epoch. */
  constructor(folder: string, now = Date.now()) {
    this.#file = fileIn(folder)
    this.#before = read(this.#file)
    this.#found = this.unclean ? [...this.#before.found, now].slice(-loop.ends) : []
  }

  /** Whether the process before ended without a stop: by a crash, a kill or a power cut. */
  get unclean(): boolean {
    return this.#before.phase !== undefined
  }

  /** Whether processes end as soon as they are started. */
  get looping(): boolean {
    const { [0]: first, length, [length - 1]: last } = this.#found
    return length === loop.ends && Math.abs(last - first) <= loop.within
  }

  /** What the process before did without, where it ended as soon as it was started. */
  get before(): readonly string[] {
    const times = this.#found.slice(-2)
    return times.length === 2 && Math.abs(times[1] - times[0]) <= loop.within ? this.#before.without : []
  }

  /** The parts that the error which ended the process before came through, the innermost first; empty: it said nothing. */
  get words(): readonly string[] {
    return this.unclean ? this.#before.words : []
  }

  /** How many processes in a row ended in a phase. */
  endsIn(phase: Phase): number {
    return this.#before.phase === phase ? this.#before.ends + 1 : 0
  }

  /** The process has come to a phase. */
  enter(phase: Phase): void {
    this.#write({ ...nothing, phase, ends: this.endsIn(phase), found: this.#found, without: this.#without, pid: process.pid }) // prettier-ignore
  }

  /** The process does without these parts. */
  doWithout(parts: readonly string[]): void {
    this.#without = parts
  }

  /** As if this process had not been: it could not begin. */
  leave(): void {
    this.#write(this.#before)
  }

  /** The process has stopped. */
  stopped(): void {
    this.#write(nothing)
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

/** Leaves for the next start which parts the error came through that ends this process. */
export function leaveWords(folder: string, words: readonly string[]): void {
  try {
    const known = read(fileIn(folder))
    if (known.pid === process.pid) writeFileSync(fileIn(folder), JSON.stringify({ ...known, words }))
  } catch {
    // As above.
  }
}

function fileIn(folder: string): string {
  return join(folder, 'start.json')
}

function read(file: string): Known {
  try {
    const known = { ...nothing, ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<Known>) }
    if (known.phase !== undefined && phases.includes(known.phase) && Number.isInteger(known.ends)) return known
  } catch {
    // The first start, or one that could not write it.
  }
  return nothing
}
