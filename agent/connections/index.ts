export { type Connection, createConnections } from './connections.ts'
export { Trust, pkiFolders } from './trust.ts'
export { plcOf } from './plc.ts'
