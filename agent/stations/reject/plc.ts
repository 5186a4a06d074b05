import type { Config, RejectSettings } from '../../settings/index.ts'
import { RejectSignal, type RejectParts } from './reject.ts'
import { plcOf } from '../../connections/index.ts'

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
