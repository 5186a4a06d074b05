export { lettersOf } from './letters.ts'
export { causeOf } from './refusals.ts'
export { type Delivery, type SinkLedger, deliver, sinkLedger } from './delivery.ts'
