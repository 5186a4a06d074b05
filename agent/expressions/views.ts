import type { ConclusionReading, PartReading } from './language.ts'
import { Undecided } from './undecided.ts'

/** An object that expressions take fields of; one that is not known makes them undecided. `make` turns ms into a duration. */
abstract class Fields {
  constructor(
    what: string,
    fields: Readonly<Record<string, unknown>>,
    make?: (key: string, value: unknown) => unknown,
  ) {
    for (const [key, value] of Object.entries(fields))
      Object.defineProperty(this, key, {
        enumerable: true,
        get: () => {
          if (value === undefined || Number.isNaN(value)) throw new Undecided(`${what} says no ${key}`)
          return make ? make(key, value) : value
        },
      })
  }
}

/** What a monitor concluded. */
export class Conclusion extends Fields {
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

  constructor(monitor: string, reading: ConclusionReading, duration: (ms: number) => unknown) {
    const all = Object.fromEntries(Object.keys(Conclusion.fields).map((key) => [key, reading[key as 'state']]))
    super(monitor, all, (key, value) => (key === 'remaining' ? duration(value as number) : value))
  }
}

/** What a station said of its newest part. */
export class PartVerdictView extends Fields {
  static readonly fields = { verdict: 'string', part: 'string', label: 'string', score: 'double' } as const

  constructor(station: string, { verdict, part, label, score }: PartReading) {
    super(station, { verdict, part, label, score })
  }
}
