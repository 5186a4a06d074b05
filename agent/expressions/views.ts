import type { ConclusionReading, PartReading } from './language.ts'
import { Undecided } from './undecided.ts'

/** Gives an object fields that expressions take; one that is not known makes them undecided. */
function define(
  target: object,
  what: string,
  fields: Readonly<Record<string, unknown>>,
  made: (key: string, value: unknown) => unknown,
): void {
  // prettier-ignore
  for (const [key, value] of Object.entries(fields))
    Object.defineProperty(target, key, {
      enumerable: true,
      get: () => {
        if (value === undefined || Number.isNaN(value)) throw new Undecided(`${what} says no ${key}`)
        return made(key, value)
      },
    })
}

/** What a monitor concluded. */
export class Conclusion {
  static readonly fields = {
    state: 'string',
    score: 'double',
    threshold: 'double',
    health: 'double',
    value: 'double',
    lower: 'double',
    upper: 'double',
    remaining: 'google.protobuf.Duration',
    label: 'string',
    probability: 'double',
  } as const

  readonly of: string

  constructor(monitor: string, reading: ConclusionReading, duration: (ms: number) => unknown) {
    const all = Object.fromEntries(Object.keys(Conclusion.fields).map((key) => [key, reading[key as 'state']]))
    this.of = monitor
    define(this, monitor, all, (key, value) => (key === 'remaining' ? duration(value as number) : value))
  }
}

/** What a station said of its newest part. */
export class PartVerdictView {
  static readonly fields = { verdict: 'string', part: 'string', label: 'string', score: 'double' } as const

  readonly of: string

  constructor(station: string, { verdict, part, label, score }: PartReading) {
    this.of = station
    define(this, station, { verdict, part, label, score }, (_, value) => value)
  }
}
