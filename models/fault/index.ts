import { defineModel } from '../training.ts'
import { faultConfig, trainFault } from './fault.ts'

/** Tells faults apart, from labelled windows. */
export const fault = defineModel({ config: faultConfig, kind: 'fault', train: trainFault })
