import type { ImageServer } from '../../../connectors/images/index.ts'
import type { Config, RejectSettings } from '../../settings/index.ts'
import { ConfigError } from '../../core/index.ts'
import { RejectSignal, type RejectParts } from './reject.ts'
import { pkiFolders } from '../../connections/index.ts'

/** The server behind a connector. Throws a ConfigError where it is none of the type opcua. */
export function plcOf(config: Config, connector: string): ImageServer {
  const pki = pkiFolders(config).get(connector)
  if (pki !== undefined) return { settings: config.connectors[connector].settings as ImageServer['settings'], pki }
  throw new ConfigError([{ path: `connectors.${connector}`, message: 'no such connector of the type opcua' }])
}

/** A reject signal over a session of its own; it has not connected yet. Loads the library only now. */
export async function openReject(
  config: Config,
  settings: RejectSettings,
  parts: Omit<RejectParts, 'writer' | 'settings'>,
): Promise<RejectSignal> {
  const { OpcuaWriter } = await import('../../../connectors/opcua/writer.ts')
  const { settings: server, pki } = plcOf(config, settings.connector)
  return new RejectSignal({ ...parts, settings, writer: new OpcuaWriter(server, pki, parts.log) })
}
