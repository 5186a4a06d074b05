export { type Delivery, type SinkLedger, deliver, sinkLedger } from './delivery.ts'
