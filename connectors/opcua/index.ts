import { defineConnector } from '../../agent/core/index.ts'
import type { BrowseOptions, Browsed } from './browse.ts'
import { settings, type Settings } from './settings.ts'
import { OpcuaSource } from './source.ts'

export { approveCertificate, listCertificates, revokeCertificate } from './certificates.ts'
export type { Certificate } from './certificates.ts'

export type { Browsed, BrowsedDevice, BrowsedVariable } from './browse.ts'

/** Looks through the address space of a server. Loads the library only now. */
export async function browse(settings: Settings, options: BrowseOptions): Promise<Browsed> {
  return (await import('./browse.ts')).browseServer(settings, options)
}

/** Reads nodes of an OPC UA server by subscription; a notification is acknowledged once its batch is durable. */
export const opcua = defineConnector({
  type: 'opcua',
  config: settings,
  source: (config, context) => new OpcuaSource(config, context),
  async *examine(config, context) {
    yield* (await import('./examine.ts')).examineServer(config, context)
  },
})
