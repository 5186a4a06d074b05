export { type Delivery, type SinkLedger, deliver, owedFrom, sinkLedger } from './delivery.ts'
