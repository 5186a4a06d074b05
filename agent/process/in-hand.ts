import { closeSync, ftruncateSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { mostEnds, type InHand } from '../core/index.ts'
import { version } from './version.ts'

/** Bytes of a mark, and parts that can have something in hand at a time. */
const markSize = 512
const places = 64
/** Characters of a mark, which are three bytes each at most. */
const longestText = 160
/** Things that are remembered of each kind, the newest. */
const most = 1_000

/** What a part of the agent had in hand. */
export interface Mark {
  readonly part: string
  readonly key: string
}

interface Known {
  /** The agent that failed at them: another version tries them anew. */
  readonly version: string
  /** How many ends there were with it in hand, by `textOf` a mark, since the last stop in order. */
  readonly ends: Readonly<Record<string, number>>
  /** What is put aside whenever it comes. */
  readonly quarantined: readonly string[]
}

/**
 * What was in hand when a process ended that nobody stopped: killed, out of memory, a crash of native code, a hang that the
 * service manager ended. Marks go to the page cache of the system, which survives the process; after a stop in order none are
 * made, and nothing is paid for them.
 */
export class Marks implements InHand {
  /** What the process before had in hand when it ended. */
  readonly before: readonly Mark[]
  readonly #file: string
  readonly #remembered: string
  readonly #ends: Map<string, number>
  readonly #quarantined: Set<string>
  readonly #places = new Map<string, number>()
  readonly #buffer = Buffer.alloc(markSize)
  #handle: number | undefined

  /** `folder`: the data folder, which must be this process's own by now. `unclean`: the process before was not stopped. */
  constructor(folder: string, unclean: boolean) {
    this.#file = join(folder, 'in-hand')
    this.#remembered = join(folder, 'in-hand.json')
    const known = readKnown(this.#remembered)
    this.before = unclean ? readMarks(this.#file) : []
    this.#ends = new Map(unclean ? Object.entries(known.ends) : [])
    this.#quarantined = new Set(known.quarantined)
    for (const mark of this.before) {
      const text = textOf(mark)
      const ends = (this.#ends.get(text) ?? 0) + 1
      this.#ends.set(text, ends)
      if (ends >= mostEnds && mark.key !== '') this.#quarantined.add(text)
    }
    if (unclean || this.#ends.size !== Object.keys(known.ends).length) this.#remember()
    if (unclean) this.#open()
  }

  /** What the last end has made a thing to be put aside. */
  get condemned(): readonly Mark[] {
    return this.before.filter((mark) => this.#quarantined.has(textOf(mark)))
  }

  /** Whether there is anything to mark or to look for; where not, nobody has to ask. */
  get needed(): boolean {
    return this.#handle !== undefined || this.#quarantined.size > 0
  }

  /** Ends of processes with something of a part in hand, since the last stop in order. */
  endsOf(part: string): number {
    let sum = 0
    for (const [text, ends] of this.#ends) if (markOf(text).part === part) sum += ends
    return sum
  }

  suspects(part: string): readonly string[] {
    return [...this.#ends.keys()].map(markOf).flatMap((mark) => (mark.part === part ? [mark.key] : []))
  }

  take(part: string, key: string): boolean {
    const text = textOf({ part, key })
    if (this.#quarantined.has(text)) return false
    if (this.#handle === undefined) return true
    const length = this.#buffer.write(text, 0, markSize - 1, 'utf8')
    this.#buffer[length] = 0
    this.#write(part, length + 1)
    return true
  }

  done(part: string): void {
    if (this.#handle === undefined) return
    this.#buffer[0] = 0
    this.#write(part, 1)
  }

  /** Nothing is in hand any more: the process ends in order. */
  close(): void {
    if (this.#handle === undefined) return
    try {
      ftruncateSync(this.#handle)
    } catch {
      // As above.
    }
    closeSync(this.#handle)
    this.#handle = undefined
    this.#ends.clear()
    this.#remember()
  }

  #open(): void {
    try {
      // All of it at once, so that a full disk takes none of the marks.
      this.#handle = openSync(this.#file, 'w', 0o600)
      writeSync(this.#handle, Buffer.alloc(markSize * places))
    } catch {
      // On a full disk, say: it is a help, not a need.
    }
  }

  #write(part: string, length: number): void {
    let place = this.#places.get(part)
    if (place === undefined) this.#places.set(part, (place = this.#places.size))
    if (place >= places) return
    try {
      writeSync(this.#handle!, this.#buffer, 0, length, place * markSize)
    } catch {
      // As above.
    }
  }

  #remember(): void {
    const ends = Object.fromEntries([...this.#ends].slice(-most))
    const known: Known = { version, ends, quarantined: [...this.#quarantined].slice(-most) }
    try {
      const unfinished = `${this.#remembered}.new`
      writeFileSync(unfinished, JSON.stringify(known), { mode: 0o600 })
      renameSync(unfinished, this.#remembered)
    } catch {
      // As above.
    }
  }
}

/** A mark as text; a key that is too long for its place is cut, here and there. */
function textOf({ part, key }: Mark): string {
  return `${part}\n${key}`.slice(0, longestText)
}

function markOf(text: string): Mark {
  const [part, key = ''] = text.split('\n')
  return { part, key }
}

function readMarks(file: string): Mark[] {
  try {
    const bytes = readFileSync(file)
    return Array.from({ length: Math.floor(bytes.length / markSize) }, (_, place) => {
      const mark = bytes.subarray(place * markSize, (place + 1) * markSize)
      return mark.toString('utf8', 0, Math.max(0, mark.indexOf(0)))
    }).flatMap((text) => (text === '' ? [] : [markOf(text)]))
  } catch {
    return []
  }
}

function readKnown(file: string): Known {
  try {
    const known = JSON.parse(readFileSync(file, 'utf8')) as Known
    if (known.version === version)
      return { version, ends: { ...known.ends }, quarantined: Array.from(known.quarantined) }
  } catch {
    // None yet, or damaged: what ends the agent is found again.
  }
  return { version, ends: {}, quarantined: [] }
}
