export { lettersOf } from './letters.ts'
export { causeOf } from './refusals.ts'
export { type Delivery, type SinkLedger, deliver, owedFrom, sinkLedger } from './delivery.ts'
