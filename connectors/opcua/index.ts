import { defineConnector } from '../../agent/core/index.ts'
import { settings } from './settings.ts'
import { OpcuaSource } from './source.ts'

export { approveCertificate, listCertificates, revokeCertificate } from './certificates.ts'
export type { Certificate } from './certificates.ts'

/** Reads nodes of an OPC UA server by subscription; a notification is acknowledged once its batch is durable. */
export const opcua = defineConnector({
  type: 'opcua',
  config: settings,
  source: (config, context) => new OpcuaSource(config, context),
})
