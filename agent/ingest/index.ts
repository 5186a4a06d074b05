export type { Orders } from './orders.ts'
export { type ChainEnd, isAudit, keptEnds } from './audit-chain.ts'
export type { Corrections } from './corrections.ts'
export { Ingest } from './ingest.ts'
