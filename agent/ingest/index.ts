export type { Corrections } from './corrections.ts'
export { Ingest } from './ingest.ts'
