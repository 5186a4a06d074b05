/** What kind of signal a signal is, and what becomes of it in models of what is normal. */
export const natures = {
  measurement: 'A quantity that is measured: models learn from it.',
  counter:
    'It goes one way only, but for resets: parts, energy, operating hours, hours until the next service. Its height says nothing; the operator `rate` makes a measurement of it.',
  setpoint: 'People or programs choose it, in steps. It never is an anomaly by itself.',
  state: 'A mode, a step or a switch: few values that hold for long. It can name `modes`.',
  constant: 'It has never changed.',
  clock: 'Time, a sequence number or a sign of life: it moves whatever the machine does.',
  text: 'Words.',
  ignore: 'Nobody wants it judged.',
} as const satisfies Record<string, string>

export type Nature = keyof typeof natures
/** What a user may say of a signal. */
export const statedNatures = ['measurement', 'counter', 'setpoint', 'state', 'clock', 'ignore'] as const satisfies readonly Nature[] // prettier-ignore
export type StatedNature = (typeof statedNatures)[number]

/** What a signal was taken for, and by what it was told. */
export interface SignalFinding {
  readonly nature: Nature
  /** In words, with figures: `rises in 4213 of 4213 changes, twice back to 0`. */
  readonly evidence: string
}
