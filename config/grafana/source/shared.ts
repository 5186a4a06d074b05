import { type ModelStep, type PredictionState, stateBeyond } from '../../../agent/core/index.ts'
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard'
import { atSite } from './board.ts'
import { coloured, colours } from './panels.ts'
import type { Condition } from './question.ts'

/** Readings of one part of the agent: `process`, `journal`, `source` or `sink`. */
export function ofPart(part: string): readonly Condition[] {
  return [atSite, { tag: 'part', is: [part] }]
}

/** Colours of what a monitor says of a window. */
export const predictionStates = colours({
  normal: 'green',
  ...{ anomaly: 'red', fault: 'red', failing: 'red', outside: 'red' },
  unknown: 'gray',
  learning: 'blue',
} satisfies Record<PredictionState, string>)

/** The states that raise alarms. */
export const beyond = Object.values(stateBeyond)

/** Colours of alarm states and their changes, after ISA-18.2. */
export const alarmStates = colours({
  raised: 'red',
  acknowledged: 'orange',
  cleared: 'yellow',
  normal: 'green',
  shelved: 'purple',
  unshelved: 'gray',
})

/** Colours of the steps of a model's life. */
export const modelSteps = colours({
  training: 'blue',
  failed: 'red',
  shadow: 'purple',
  active: 'green',
  refused: 'orange',
  retired: 'gray',
  rollback: 'red',
} satisfies Record<ModelStep, string>)

/** Colours of verdicts. */
export const verdicts = colours({ pass: 'green', fail: 'red', unknown: 'gray' })

/** A cell in the colour of its text. */
export function textColours(mappings: ReturnType<typeof colours>): readonly DynamicConfigValue[] {
  return [coloured, { id: 'mappings', value: mappings }]
}

/** A figure whose unit is one, such as a score in thresholds: green below one, red from there on. */
export const upToOne = [
  { value: null, color: 'green' },
  { value: 0.8, color: 'yellow' },
  { value: 1, color: 'red' },
]

/** Red where there is any. */
export const noneIsGood = [
  { value: null, color: 'green' },
  { value: 1, color: 'red' },
]
