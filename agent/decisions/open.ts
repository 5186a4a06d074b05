import { MqttWriter } from '../../connectors/mqtt/writer.ts'
import type { MqttSettings } from '../../connectors/mqtt/index.ts'
import { plcOf } from '../connections/index.ts'
import type { Logger, TagTable } from '../core/index.ts'
import type { Config } from '../settings/index.ts'
import { Decisions } from './engine.ts'
import type { ExecutorParts } from './execution/executor.ts'

/** Sessions of their own at servers and brokers of the configuration, for what is written. */
export function farSides(config: () => Config, log: Logger): Pick<ExecutorParts, 'node' | 'topic'> {
  return {
    node: async (connector) => {
      const { OpcuaWriter } = await import('../../connectors/opcua/writer.ts')
      const { settings, pki } = plcOf(config(), connector)
      return new OpcuaWriter(settings, pki, log)
    },
    topic: (connector) => {
      const { connectors, site } = config()
      const settings = connectors[connector].settings as MqttSettings
      return Promise.resolve(new MqttWriter(settings, `${settings.client_id ?? `millwright-${site}-${connector}`}-act`))
    },
  }
}

/** The decisions of a configuration; undefined where there are no actions and nothing of earlier ones is open. */
export function decisionsOf(
  config: Pick<Config, 'actions' | 'assets' | 'monitors'>,
  tags: TagTable,
  saved: unknown,
): Decisions | undefined {
  const earlier = (saved as { states?: { decisions?: { stopped?: unknown; book?: { open: readonly unknown[] } } } } | undefined)?.states?.decisions // prettier-ignore
  const owed = earlier !== undefined && (earlier.stopped !== undefined || (earlier.book?.open.length ?? 0) > 0)
  return owed || Object.keys(config.actions).length > 0 ? new Decisions(config, tags) : undefined
}
