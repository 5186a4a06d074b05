export type { ActionLedger, Decision } from './book.ts'
export { Decisions, type Stopped } from './engine.ts'
