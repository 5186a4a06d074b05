import { type Random, seededRandom, shuffled } from '../../models/random.ts'

/** What a fault acts on; two that act on the same never overlap. */
export type Target = 'agent' | 'broker' | 'database' | 'plc' | 'line'

/** What is done to whom: the words of the report. */
export const kinds = {
  'agent killed': 'agent',
  'agent stopped in order': 'agent',
  'agent held still': 'agent',
  'child process killed': 'agent',
  'disk full': 'agent',
  'clock an hour forward': 'agent',
  'clock a day back': 'agent',
  'clock to 1970': 'agent',
  'configuration reloaded': 'agent',
  'back-up taken': 'agent',
  'training asked for': 'agent',
  'broker killed': 'broker',
  'broker held still': 'broker',
  'broker cut off': 'broker',
  'broker reset in mid-message': 'broker',
  'broker stalled': 'broker',
  'broker slowed': 'broker',
  'database killed': 'database',
  'database held still': 'database',
  'database cut off': 'database',
  'database reset in mid-message': 'database',
  'database stalled': 'database',
  'database slowed': 'database',
  'PLC killed': 'plc',
  'PLC held still': 'plc',
  'PLC cut off': 'plc',
  'PLC reset in mid-message': 'plc',
  'PLC stalled': 'plc',
  'PLC slowed': 'plc',
  'ten times the load': 'line',
} as const satisfies Record<string, Target>
export type Kind = keyof typeof kinds

export interface Fault {
  readonly kind: Kind
  /** ms after the round began. */
  readonly after: number
  /** ms that it stays; what is killed is started again then. */
  readonly lasts: number
}

/** Faults at a time, and the pause before them in ms. The next round comes when all is well again. */
export interface Round {
  readonly pause: number
  readonly faults: readonly Fault[]
}

/** Of ten rounds, those in which a second fault comes beside the first. */
const doubled = 4

/** The kinds whose names have a word; all for none. */
export function kindsWith(word: string): Kind[] {
  return (Object.keys(kinds) as Kind[]).filter((kind) => kind.includes(word))
}

/** Rounds without end, the same for the same seed: each kind once in an order of chance, then each once more. */
export function* script(seed: number, all: readonly Kind[] = kindsWith('')): Generator<Round, never> {
  const random = seededRandom(seed)
  for (;;)
    for (const at of shuffled(all.length, random)) {
      const first = fault(all[at], random)
      const second = fault(all[random.integer(all.length)], random)
      const both = random.integer(10) < doubled && kinds[first.kind] !== kinds[second.kind]
      yield { pause: random.integer(1_000), faults: both ? [first, second] : [first] }
    }
}

/** Mostly short, at times as long as a far side's patience. */
function fault(kind: Kind, random: Random): Fault {
  return { kind, after: random.integer(500), lasts: 100 + Math.floor(4_000 * random.uniform() ** 2) }
}
